package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// lookFor is how long CreateToken looks for a token whose answer was lost, also when its own ctx has ended.
const lookFor = 15 * time.Second

// CreateToken makes a token with the access that opts ask for and nothing beyond it: PlanToken and ApplyToken in one.
//
// The API token of the client needs Account API Tokens Write, or API Tokens Write for [OwnerUser], which the tokens made here
// never have; for AccessControlPlane it must have Zone Read and Cache Purge for the zone itself, as has been reported. What is
// made takes up to a minute to work; [Token.Credentials] is its S3 keys. Its value is told this once.
//
// Creating is never repeated, except after 429 or when the request provably never left. When the answer is lost, the tokens of
// that name are looked for. The error is [ErrUnknownOutcome] then in any case, since a value that is lost is lost; the Token
// has the ID of the one that was found, to be deleted with DeleteToken, and none if there was none (yet).
//
// Errors: [*Error], [ErrInput], fs.ErrExist if a token of the owner has that name already, fs.ErrPermission. Not run against
// the real API. Source: accounts.Tokens.New of cloudflare-go v7.9.0, developers.cloudflare.com/r2/api/tokens (read 2026-11).
func (c *Client) CreateToken(ctx context.Context, opts *TokenOptions) (Token, error) {
	p, err := c.PlanToken(ctx, opts)
	if err != nil {
		return Token{}, err
	}
	return c.ApplyToken(ctx, p)
}

// ApplyToken makes the token of a plan; see [Client.CreateToken]. The account must be that of the plan.
func (c *Client) ApplyToken(ctx context.Context, p TokenPlan) (Token, error) {
	api, err := c.tokensOf(&p.Owner)
	if err := errors.Join(p.check(c.account, time.Now()), err); err != nil {
		return Token{}, invalid("CreateToken", p.Name, err)
	}
	// The name is all by which a token is found whose answer was lost.
	found, err := c.tokensNamed(ctx, p.Owner, p.Name)
	if err != nil {
		return Token{}, err
	}
	if len(found) > 0 {
		return Token{}, &Error{
			Op: "CreateToken", Resource: p.Name, Err: fs.ErrExist,
			Message: fmt.Sprintf("a token of this name is there, ID %s: choose another name, or delete that one", found[0].ID),
		}
	}
	made, err := do(ctx, c, "CreateToken", p.Name, once, func(ctx context.Context) (Token, error) { return api.create(ctx, p) })
	if err == nil && (made.ID == "" || made.Value == "") {
		err = &Error{Op: "CreateToken", Resource: p.Name, Message: "the answer has no ID or no value", Err: ErrUnknownOutcome}
	}
	if err != nil {
		return c.lost(ctx, p, err)
	}
	made.Name, made.Owner, made.Status = p.Name, p.Owner, cmp.Or(made.Status, TokenActive)
	made.Policies, made.NotBefore, made.Expires, made.AllowIPs, made.DenyIPs = p.Policies, p.NotBefore, p.Expires, p.AllowIPs, p.DenyIPs
	return made, nil
}

// lost says what is known about a token whose answer is missing.
func (c *Client) lost(ctx context.Context, p TokenPlan, err error) (Token, error) {
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrUnknownOutcome) {
		return Token{}, err
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookFor)
	defer cancel()
	found, look := c.tokensNamed(own, p.Owner, p.Name)
	out, told := *e, Token{}
	switch {
	case look != nil:
		out.Message += "; looking for it failed: list the tokens, and delete the one of this name: its value is lost"
	case len(found) == 0:
		out.Message += "; there is no token of this name (yet): look again before making another, and delete it if it is there: its value is lost"
	default:
		told = found[0]
		out.Message += fmt.Sprintf("; the token is there, ID %s, and its value is lost: delete it, then make another", told.ID)
	}
	out.Message = strings.TrimPrefix(out.Message, "; ")
	return told, &out
}

// tokensNamed is the tokens of a name that have not expired.
func (c *Client) tokensNamed(ctx context.Context, owner TokenOwner, name string) ([]Token, error) {
	var out []Token
	for t, err := range c.ListTokens(ctx, &ListTokensOptions{Owner: owner, Name: name}) {
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
