package wechat

import (
	"errors"
	"fmt"
	"slices"
)

// Audience is who gets a mass send: [ToTag], [ToOpenIDs] or [ToEveryone]. There is no zero value that means anybody:
// nil is refused before anything is sent.
type Audience interface{ audience() target }

// target is an Audience as it goes to the platform.
type target struct {
	kind    targetKind
	tag     int
	openIDs []OpenID
}

type targetKind int

const (
	toEveryone targetKind = iota + 1 // the zero value is nobody
	toTag
	toOpenIDs
)

func (t target) audience() target { return t }

// ToEveryone is every follower of the account. Such a send also enters the account's history.
func ToEveryone() Audience { return target{kind: toEveryone} }

// ToTag is the followers with a tag of [Client.Tags].
func ToTag(id int) Audience { return target{kind: toTag, tag: id} }

// ToOpenIDs is a list of 2 to 10,000 followers; verified service accounts (服务号) alone may do that. The ids are copied.
func ToOpenIDs(ids ...OpenID) Audience { return target{kind: toOpenIDs, openIDs: slices.Clone(ids)} }

const maxOpenIDs = 10_000

// resolve refuses everything that is not exactly one kind of audience.
func resolve(a Audience) (target, error) {
	if a == nil {
		return target{}, errors.New("Audience is nil: name it with ToTag, ToOpenIDs or ToEveryone")
	}
	t := a.audience()
	switch {
	case t.kind == toEveryone:
		return t, nil
	case t.kind == toTag && t.tag < 1:
		return t, fmt.Errorf("Audience: %d is no tag", t.tag)
	case t.kind == toTag:
		return t, nil
	}
	if n := len(t.openIDs); n < 2 || n > maxOpenIDs {
		return t, fmt.Errorf("Audience: %d OpenIDs, a send takes 2 to %d", n, maxOpenIDs)
	}
	seen := make(map[OpenID]bool, len(t.openIDs))
	for _, id := range t.openIDs {
		if id == "" {
			return t, errors.New("Audience: holds an empty OpenID")
		}
		if seen[id] {
			return t, fmt.Errorf("Audience: holds the OpenID %q twice", string(id))
		}
		seen[id] = true
	}
	return t, nil
}

func (t target) String() string {
	switch t.kind {
	case toEveryone:
		return "everyone"
	case toOpenIDs:
		return fmt.Sprintf("%d OpenIDs", len(t.openIDs))
	}
	return fmt.Sprintf("tag %d", t.tag)
}

// op is the call that sends to it.
func (t target) op() string {
	if t.kind == toOpenIDs {
		return "message/mass/send"
	}
	return "message/mass/sendall"
}

// filter has a real bool and a real number: strings are refused with 40008.
type filter struct {
	All bool `json:"is_to_all"`
	Tag int  `json:"tag_id,omitempty"`
}
