package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"regexp"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

var tokenID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// ListTokensOptions narrows a list.
type ListTokensOptions struct {
	Owner          TokenOwner // default [OwnerAccount]
	Name           string     // only those of this name; chosen here, the API cannot
	IncludeExpired bool       // those that expired lately too
}

// ListTokens gives the tokens of the account, or of the user, without their values. The list ends with a page that is empty,
// since a short one may have been cut by the server. Each range starts anew; an error comes once and last.
func (c *Client) ListTokens(ctx context.Context, opts *ListTokensOptions) iter.Seq2[Token, error] {
	o := *cmp.Or(opts, &ListTokensOptions{})
	return func(yield func(Token, error) bool) {
		api, err := c.tokensOf(&o.Owner)
		if err != nil {
			yield(Token{}, invalid("ListTokens", "", err))
			return
		}
		seen := map[string]bool{}
		for page := 1; ; page++ {
			got, err := do(ctx, c, "ListTokens", "", harmless, func(ctx context.Context) ([]Token, error) {
				list, err := api.list(ctx, page, o.IncludeExpired)
				var out []Token
				for _, t := range list {
					out = append(out, tokenOf(t, o.Owner))
				}
				return out, err
			})
			if err != nil {
				yield(Token{}, err)
				return
			}
			fresh := false
			for _, t := range got {
				if seen[t.ID] { // the pages move when a token is made or deleted meanwhile
					continue
				}
				seen[t.ID], fresh = true, true
				if (o.Name == "" || t.Name == o.Name) && !yield(t, nil) {
					return
				}
			}
			if !fresh {
				return // the end, or a server that knows no pages and gave the first one again
			}
		}
	}
}

// TokenLookup says whose token is meant.
type TokenLookup struct {
	Owner TokenOwner // default: asked of both, the account first
}

// owners is whom to ask.
func (c *Client) owners(o TokenOwner) ([]TokenOwner, error) {
	if o == "" {
		return []TokenOwner{OwnerAccount, OwnerUser}, nil
	}
	_, err := c.tokensOf(&o)
	return []TokenOwner{o}, err
}

// Token describes the token with this ID, which is an access key ID too. Errors: [*Error], fs.ErrNotExist, and fs.ErrPermission
// unless the API token may read tokens.
func (c *Client) Token(ctx context.Context, id string, opts *TokenLookup) (Token, error) {
	owners, err := c.owners(cmp.Or(opts, &TokenLookup{}).Owner)
	if err := errors.Join(checkTokenID("id", id), err); err != nil {
		return Token{}, invalid("GetToken", "", err)
	}
	return firstOf(owners, func(owner TokenOwner) (Token, error) {
		return do(ctx, c, "GetToken", id, harmless, func(ctx context.Context) (Token, error) {
			t, err := c.tokens[owner].get(ctx, id)
			if err != nil {
				return Token{}, err
			}
			return tokenOf(*t, owner), nil
		})
	})
}

// firstOf asks until one knows the token: the address for the tokens of the account does not know those of users, and the other
// way round. Of two refusals it gives the one that tells more: "there is none" only if both say so.
func firstOf(owners []TokenOwner, ask func(TokenOwner) (Token, error)) (Token, error) {
	var last error
	for _, owner := range owners {
		t, err := ask(owner)
		if err == nil || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
		if last == nil || errors.Is(last, fs.ErrNotExist) {
			last = err
		}
	}
	return Token{}, last
}

// VerifyTokenOptions says which token is verified.
type VerifyTokenOptions struct {
	Value string     // default: the API token of this client
	Owner TokenOwner // default: asked of both, the account first
}

// VerifyToken asks the platform for the ID, the status and the times of a token of which only the value is known. So the S3
// keys of any R2 token are found: [Token.Credentials] of what it returns. A token that is disabled or has expired is no error
// when the platform says so: see [Token.Status]. It has neither name nor policies.
//
// Errors: [*Error], fs.ErrPermission for a value that belongs to no token of the account and to none of a user.
func (c *Client) VerifyToken(ctx context.Context, opts *VerifyTokenOptions) (Token, error) {
	o := *cmp.Or(opts, &VerifyTokenOptions{})
	o.Value = cmp.Or(o.Value, c.token)
	owners, err := c.owners(o.Owner)
	if err := errors.Join(checkTokenValue("Value", o.Value), err); err != nil {
		return Token{}, invalid("VerifyToken", "", err)
	}
	return firstOf(owners, func(owner TokenOwner) (Token, error) {
		t, err := do(ctx, c, "VerifyToken", "", harmless, func(ctx context.Context) (Token, error) {
			return c.tokens[owner].verify(ctx, option.WithAPIToken(o.Value))
		})
		if err == nil && t.ID == "" {
			err = &Error{Op: "VerifyToken", Message: "the answer has no ID"}
		}
		if err != nil {
			return Token{}, err
		}
		t.Owner, t.Value = owner, o.Value
		return t, nil
	})
}

// DeleteTokenOptions says whose token is deleted.
type DeleteTokenOptions struct {
	Owner TokenOwner // default [OwnerAccount]
}

// DeleteToken deletes a token: its S3 keys, and the temporary credentials that were made of them, work no more after up to a
// minute. One that is not there is fs.ErrNotExist, unless the call had to be repeated: then the first one has deleted it.
func (c *Client) DeleteToken(ctx context.Context, id string, opts *DeleteTokenOptions) error {
	o := *cmp.Or(opts, &DeleteTokenOptions{})
	api, err := c.tokensOf(&o.Owner)
	if err := errors.Join(checkTokenID("id", id), err); err != nil {
		return invalid("DeleteToken", "", err)
	}
	attempts := 0
	_, err = do(ctx, c, "DeleteToken", id, harmless, func(ctx context.Context) (struct{}, error) {
		attempts++
		return struct{}{}, api.remove(ctx, id)
	})
	if attempts > 1 && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// RollTokenOptions says whose token is rolled.
type RollTokenOptions struct {
	Owner TokenOwner // default [OwnerAccount]
}

// RollToken gives a token a new value, and so new S3 keys with the same access key ID: the old ones work no more. It is never
// repeated, except after 429 or when the request provably never left; after [ErrUnknownOutcome] the old value may be gone, and
// rolling once more gives another.
func (c *Client) RollToken(ctx context.Context, id string, opts *RollTokenOptions) (Token, error) {
	o := *cmp.Or(opts, &RollTokenOptions{})
	api, err := c.tokensOf(&o.Owner)
	if err := errors.Join(checkTokenID("id", id), err); err != nil {
		return Token{}, invalid("RollToken", "", err)
	}
	t, err := do(ctx, c, "RollToken", id, harmless, func(ctx context.Context) (Token, error) {
		t, err := api.get(ctx, id)
		if err != nil {
			return Token{}, err
		}
		return tokenOf(*t, o.Owner), nil
	})
	if err != nil {
		return Token{}, err
	}
	t.Value, err = do(ctx, c, "RollToken", id, once, func(ctx context.Context) (string, error) { return api.roll(ctx, id) })
	if err == nil && t.Value == "" {
		err = &Error{Op: "RollToken", Resource: id, Message: "the answer has no value: roll it once more", Err: ErrUnknownOutcome}
	}
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

func checkTokenID(field, id string) error {
	if !tokenID.MatchString(id) { // it may be the value, which must not be repeated here
		return fmt.Errorf("%s: want the ID of a token: 32 lower-case hexadecimal digits", field)
	}
	return nil
}

// checkTokenValue looks for what no token has, and does not repeat it.
func checkTokenValue(field, v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("%s: it holds a blank, a line break or another character that no token has", field)
	}
	return nil
}
