package wechat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// MenuID is a menu of the account.
type MenuID string

// UnmarshalJSON reads a JSON string or number.
func (id *MenuID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// MenuPlatform is the system on which a follower reads.
type MenuPlatform int

// The platforms of a [MenuRule].
const (
	AnyPlatform   MenuPlatform = 0
	IOS           MenuPlatform = 1
	Android       MenuPlatform = 2
	OtherPlatform MenuPlatform = 3
)

// MenuRule is who sees a conditional menu: followers to whom all of it applies. Something of it must be set.
type MenuRule struct {
	Tag      int // of [Client.Tags]; 0 = any
	Platform MenuPlatform
}

type ruleJSON struct {
	Tag      string `json:"tag_id,omitempty"`
	Platform string `json:"client_platform_type,omitempty"`
}

// Menu is a menu as it is set.
type Menu struct {
	ID      MenuID
	Rule    MenuRule // of a conditional menu
	Buttons []Button
}

// Menus are the account's menus by API.
type Menus struct {
	Default     Menu
	Conditional []Menu
}

type buttonsJSON struct {
	Buttons []buttonJSON `json:"button"`
}

const menuAdvice = "doing it again is safe"

// SetMenu sets the default menu, 1 to 3 buttons, in place of the one there was. What each button takes is checked before
// anything is sent. Followers see it after up to 5 min.
//
// Errors: ErrInput (40015 to 40028, 40054, 40055), ErrNotFound for a material or article that does not exist,
// ErrPermission (45064) for a mini program that is not linked. Source: menu/create, developers.weixin.qq.com (read 2026-11).
func (c *Client) SetMenu(ctx context.Context, buttons ...Button) error {
	const op = "menu/create"
	if err := invalid(op, checkMenu(buttons)); err != nil {
		return err
	}
	return c.post(ctx, call{op: op, effect: writes, advice: menuAdvice}, buttonsJSON{each(buttons, Button.json)}, nil)
}

// AddConditionalMenu adds a menu for those whom the rule names; there must be a default menu.
//
// Errors: those of [Client.SetMenu], and ErrInput (65303 no default menu, 65304, 65305 too many). A lost answer is
// ErrUnknownOutcome: look in [Client.Menus]. Source: menu/addconditional, developers.weixin.qq.com (read 2026-11).
func (c *Client) AddConditionalMenu(ctx context.Context, rule MenuRule, buttons ...Button) (MenuID, error) {
	const op, advice = "menu/addconditional", "look for it in Menus before adding it again"
	problems := checkMenu(buttons)
	if rule == (MenuRule{}) {
		problems = append(problems, errors.New("rule: is empty; SetMenu sets the menu for everybody"))
	}
	if rule.Tag < 0 {
		problems = append(problems, fmt.Errorf("rule.Tag: %d is no tag", rule.Tag))
	}
	if rule.Platform < AnyPlatform || rule.Platform > OtherPlatform {
		problems = append(problems, fmt.Errorf("rule.Platform: %d is not in 0 to 3", rule.Platform))
	}
	if err := invalid(op, problems); err != nil {
		return "", err
	}
	in := struct {
		buttonsJSON

		Rule ruleJSON `json:"matchrule"`
	}{buttonsJSON{each(buttons, Button.json)}, ruleJSON{Tag: unlessZero(rule.Tag), Platform: unlessZero(int(rule.Platform))}}
	var out struct {
		ID MenuID `json:"menuid"`
	}
	if err := c.post(ctx, call{op: op, effect: writes, advice: advice}, in, &out); err != nil {
		return "", err
	}
	if out.ID == "" {
		return "", unknown(op, advice, errors.New("an answer without menuid"))
	}
	return out.ID, nil
}

// unlessZero is a number as the rules have it: text.
func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// DeleteConditionalMenu deletes one conditional menu.
//
// Errors: ErrNotFound (65301). Source: menu/delconditional, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteConditionalMenu(ctx context.Context, id MenuID) error {
	const op = "menu/delconditional"
	if id == "" {
		return invalid(op, []error{errors.New("MenuID is empty")})
	}
	in := struct {
		ID MenuID `json:"menuid"`
	}{id}
	return c.post(ctx, call{op: op, effect: writes, advice: "deleting it again is safe: ErrNotFound means that it is gone"}, in, nil)
}

// DeleteAllMenus deletes the default menu, and every conditional one with it.
//
// Source: menu/delete, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteAllMenus(ctx context.Context) error {
	return c.do(ctx, call{op: "menu/delete", get: true, effect: writes, advice: menuAdvice}, nil)
}

// Menus reads the menus that were set by API; those of the web console are in [Client.CurrentMenu].
//
// Errors: ErrNotFound (46003) when there is none. Source: menu/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) Menus(ctx context.Context) (*Menus, error) {
	type rule struct {
		Tag      number `json:"tag_id"`
		GroupID  number `json:"group_id"` // what older menus call it
		Platform number `json:"client_platform_type"`
	}
	type menu struct {
		buttonsJSON

		ID   MenuID `json:"menuid"`
		Rule rule   `json:"matchrule"`
	}
	var out struct {
		Default     menu   `json:"menu"`
		Conditional []menu `json:"conditionalmenu"`
	}
	if err := c.do(ctx, call{op: "menu/get", get: true}, &out); err != nil {
		return nil, err
	}
	convert := func(m menu) Menu {
		tag := m.Rule.Tag
		if tag == 0 {
			tag = m.Rule.GroupID
		}
		return Menu{ID: m.ID, Rule: MenuRule{int(tag), MenuPlatform(m.Rule.Platform)}, Buttons: each(m.Buttons, buttonJSON.button)}
	}
	return &Menus{Default: convert(out.Default), Conditional: each(out.Conditional, convert)}, nil
}

// MatchMenu is the menu that a follower sees, by OpenID or WeChat id.
//
// Errors: ErrNotFound (65302, 46004) for nobody that the platform knows. Source: menu/trymatch, developers.weixin.qq.com
// (read 2026-11).
func (c *Client) MatchMenu(ctx context.Context, user string) ([]Button, error) {
	const op = "menu/trymatch"
	if user == "" {
		return nil, invalid(op, []error{errors.New("user is empty: want an OpenID or a WeChat id")})
	}
	in := struct {
		User string `json:"user_id"`
	}{user}
	var out struct {
		buttonsJSON

		Menu buttonsJSON `json:"menu"` // in older samples
	}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return nil, err
	}
	if len(out.Buttons) == 0 {
		out.Buttons = out.Menu.Buttons
	}
	return each(out.Buttons, buttonJSON.button), nil
}
