package aliyun

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Phone is a phone number as the platform writes it. It prints masked, so that it can be logged; [Phone.E164] shows it
// whole. Phones can be compared with ==.
type Phone struct {
	digits  string // 11 digits of the mainland, else country and number
	foreign bool
}

// NormalizePhone reads a phone number. Mainland mobiles may be written with +86, 0086, 86 or nothing in front and are 11
// digits afterwards. Others begin with their country, with or without + or 00: "+852 6123 4567", "85261234567". Spaces,
// hyphens and parentheses are dropped.
//
// Eleven digits that begin with 13 to 19 are of the mainland; a North American number that looks the same needs its +.
// The error does not repeat the number.
//
// Source: help.aliyun.com/document_detail/44335 (read 2026-11).
func NormalizePhone(s string) (Phone, error) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()", r) {
			return -1
		}
		return r
	}, s)
	abroad := false // written as an international number
	if d, ok := strings.CutPrefix(digits, "+"); ok {
		digits, abroad = d, true
	} else if d, ok := strings.CutPrefix(digits, "00"); ok {
		digits, abroad = d, true
	}
	if digits == "" {
		return Phone{}, errors.New("phone number is empty")
	}
	if strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return Phone{}, errors.New("phone number holds something that is not a digit")
	}
	if d, ok := strings.CutPrefix(digits, "86"); ok {
		if !mainlandMobile(d) {
			return Phone{}, errors.New("phone number with country 86 is not a mainland mobile: 11 digits that begin with 13 to 19")
		}
		return Phone{digits: d}, nil
	}
	if !abroad && mainlandMobile(digits) {
		return Phone{digits: digits}, nil
	}
	switch {
	case digits[0] == '0':
		return Phone{}, errors.New("phone number begins with 0: a mobile or a country is needed")
	case digits[0] == '1' && (len(digits) != 11 || digits[1] < '2'):
		return Phone{}, fmt.Errorf("phone number has %d digits and is neither a mainland mobile nor a North American number", len(digits))
	case len(digits) < 7 || len(digits) > 15:
		return Phone{}, fmt.Errorf("phone number has %d digits, an international one has 7 to 15", len(digits))
	}
	return Phone{digits: digits, foreign: true}, nil
}

func mainlandMobile(d string) bool { return len(d) == 11 && d[0] == '1' && d[1] >= '3' && d[1] <= '9' }

// Mainland reports whether the number is of mainland China.
func (p Phone) Mainland() bool { return p.digits != "" && !p.foreign }

// E164 is the whole number with its country, "+8613800000000". "" for the zero Phone.
func (p Phone) E164() string {
	switch {
	case p.digits == "":
		return ""
	case p.foreign:
		return "+" + p.digits
	}
	return "+86" + p.digits
}

// looksMainland is true for a North American number that the platform would read as a mainland mobile, since the wire
// has no +.
func (p Phone) looksMainland() bool { return p.foreign && mainlandMobile(p.digits) }

// String is the number with its middle masked: "138******00".
func (p Phone) String() string {
	n := len(p.digits)
	if n < 7 {
		return strings.Repeat("*", n)
	}
	return p.digits[:3] + strings.Repeat("*", n-5) + p.digits[n-2:]
}

// GoString is masked.
func (p Phone) GoString() string { return p.String() }

// Format is masked, whatever the verb.
func (p Phone) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }

// LogValue is masked.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is masked: JSON that holds a Phone can be logged, and not read back.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
