package r2admin

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an amount in millionths of a US dollar, so that sums are exact. As text and as JSON it is dollars.
type Money int64

// Dollar is one US dollar.
const Dollar Money = 1_000_000

// String is the amount with a dollar sign and at least two decimals: "$14.85", "$0.015", "-$1.00".
func (m Money) String() string {
	sign, rest := "", m.decimal()
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", rest[1:]
	}
	return sign + "$" + rest
}

func (m Money) decimal() string {
	sign, n := "", uint64(m) // of a negative number the two's complement is taken below
	if m < 0 {
		sign, n = "-", -n
	}
	cents := strconv.FormatUint(n%uint64(Dollar), 10)
	cents = strings.Repeat("0", 6-len(cents)) + cents
	for len(cents) > 2 && strings.HasSuffix(cents, "0") {
		cents = cents[:len(cents)-1]
	}
	return sign + strconv.FormatUint(n/uint64(Dollar), 10) + "." + cents
}

// MarshalJSON gives the dollars as a number, such as 14.85.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.decimal()), nil }

// UnmarshalJSON reads dollars: a number, or a text of one, with six decimals at most and no exponent. What is finer is refused
// and not rounded.
func (m *Money) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" {
		return nil
	}
	bad := fmt.Errorf("r2admin: %.32q is no amount of dollars with up to six decimals", text)
	digits, negative := strings.CutPrefix(text, "-")
	whole, part, dot := strings.Cut(digits, ".")
	if whole == "" || dot && part == "" || len(part) > 6 || strings.ContainsAny(whole+part, "+-_xX") {
		return bad
	}
	dollars, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || dollars > math.MaxInt64/int64(Dollar)-1 {
		return bad
	}
	micros, err := strconv.ParseInt(part+strings.Repeat("0", 6-len(part)), 10, 64)
	if err != nil {
		return bad
	}
	*m = Money(dollars)*Dollar + Money(micros)
	if negative {
		*m = -*m
	}
	return nil
}

// times multiplies, and stays at the end of what a Money can hold.
func (m Money) times(n int64) Money {
	if m > 0 && n > math.MaxInt64/int64(m) {
		return math.MaxInt64
	}
	return m * Money(n)
}

// plus adds, and stays there too.
func (m Money) plus(o Money) Money {
	if m > 0 && o > math.MaxInt64-m {
		return math.MaxInt64
	}
	return m + o
}
