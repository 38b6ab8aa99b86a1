package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/aliyun"
)

// List is whom to tell what.
type List struct {
	Hash     string // of its bytes: the journal belongs to one list
	Messages []aliyun.Message
	Phones   []aliyun.Phone // aligned with Messages
	At       map[aliyun.Phone]int
}

// parseList reads CSV and reports every problem with its line, without the number.
func parseList(data []byte, template, sign string) (List, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	r := csv.NewReader(bytes.NewReader(data))
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return List{}, errors.New("the list has no first line with the names of its columns")
	}
	at := slices.Index(header, "phone")
	if at < 0 {
		return List{}, fmt.Errorf("the list has no column phone, only %s", strings.Join(header, ", "))
	}
	sum := sha256.Sum256(data)
	l := List{Hash: hex.EncodeToString(sum[:]), At: map[aliyun.Phone]int{}}
	var problems []error
	seen := map[aliyun.Phone]int{}
	for line := 2; ; line++ {
		record, err := r.Read()
		if len(record) == 0 {
			break
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d has %d columns, not %d", line, len(record), len(header)))
			continue
		}
		phone, err := aliyun.NormalizePhone(record[at])
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", line, err))
			continue
		}
		if first, twice := seen[phone]; twice {
			problems = append(problems, fmt.Errorf("line %d has the same phone as line %d", line, first))
		}
		seen[phone] = line
		params := map[string]string{}
		for i, name := range header {
			if i != at {
				params[name] = record[i]
			}
		}
		l.Messages = append(l.Messages, aliyun.Message{Phones: []string{record[at]}, Sign: sign, Template: template, Params: params})
		l.At[phone] = len(l.Phones)
		l.Phones = append(l.Phones, phone)
	}
	if len(l.Messages) == 0 && problems == nil {
		problems = append(problems, errors.New("the list is empty"))
	}
	return l, errors.Join(problems...)
}
