package wechat

import (
	"context"
	"fmt"
)

// MassSpeed is how fast the account's mass sends go out: a lower number is faster.
type MassSpeed int

// The speeds, in receivers a minute.
const (
	Speed800k MassSpeed = 0
	Speed600k MassSpeed = 1
	Speed450k MassSpeed = 2
	Speed300k MassSpeed = 3
	Speed100k MassSpeed = 4
)

// PerMinute is how many receivers a minute that is; 0 for a number that is no speed.
func (s MassSpeed) PerMinute() int {
	switch s {
	case Speed800k:
		return 800_000
	case Speed600k:
		return 600_000
	case Speed450k:
		return 450_000
	case Speed300k:
		return 300_000
	case Speed100k:
		return 100_000
	}
	return 0
}

// MassSpeed reads the speed that is set, and the real one in receivers a minute, which the platform tells in units of
// 10,000.
//
// Source: message/mass/speed/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) MassSpeed(ctx context.Context) (set MassSpeed, perMinute int, err error) {
	const op = "message/mass/speed/get"
	var out struct {
		Speed *number `json:"speed"`
		Real  number  `json:"realspeed"`
	}
	if err := c.post(ctx, call{op: op}, struct{}{}, &out); err != nil {
		return 0, 0, err
	}
	if out.Speed == nil { // 0 is the fastest: it must not be guessed
		return 0, 0, &Error{Op: op, Msg: "an answer without speed", HTTPStatus: 200, temporary: true, sent: true}
	}
	return MassSpeed(*out.Speed), int(out.Real) * 10_000, nil
}

// SetMassSpeed sets the speed of the account's mass sends. To set it again is harmless.
//
// Source: message/mass/speed/set, developers.weixin.qq.com (read 2026-11).
func (c *Client) SetMassSpeed(ctx context.Context, s MassSpeed) error {
	const op = "message/mass/speed/set"
	if s.PerMinute() == 0 {
		return invalid(op, []error{fmt.Errorf("MassSpeed: %d is not in %d to %d", s, Speed800k, Speed100k)})
	}
	return c.post(ctx, call{op: op, effect: harmless}, struct {
		Speed MassSpeed `json:"speed"`
	}{s}, nil)
}
