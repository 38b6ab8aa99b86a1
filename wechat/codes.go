package wechat

import "sort"

// class is one letter of the table below: what kind of failure a code is, and with it what may be done about it.
type class byte

const (
	classTransient class = 'R' // repeat, if the call may be repeated
	classToken     class = 'T' // get another token, once
	classRate      class = 'M' // wait a minute
	classQuota     class = 'Q' // wait for 00:00 in Beijing
	classMass      class = 'G' // no mass sends left
	classPerm      class = 'P' // a person must act
	classConfig    class = 'C' // credentials or settings
	classInput     class = 'I'
	classNotFound  class = 'N'
	classConflict  class = 'K'
	classContent   class = 'X'
)

func (c class) kind() error {
	switch c {
	case classTransient:
		return ErrTemporary
	case classToken:
		return ErrToken
	case classRate:
		return ErrRateLimited
	case classQuota:
		return ErrQuota
	case classMass:
		return ErrMassQuota
	case classPerm:
		return ErrPermission
	case classConfig:
		return ErrConfig
	case classInput:
		return ErrInput
	case classNotFound:
		return ErrNotFound
	case classConflict:
		return ErrDuplicate
	case classContent:
		return ErrContent
	}
	return nil
}

// codeInfo is a code, or a run of codes, of the platform.
type codeInfo struct {
	from, to int // to 0 = from alone
	classes  classes
	en, zh   string // what to do, or what is wrong where that says it
}

type classes []class

// lookup finds a code; an unknown one has no class and no hint.
func lookup(code int) codeInfo {
	i := sort.Search(len(codes), func(i int) bool { return codes[i].from > code }) - 1
	if i >= 0 && code <= max(codes[i].from, codes[i].to) {
		return codes[i]
	}
	return codeInfo{}
}
