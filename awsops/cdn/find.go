package cdn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops"
)

// search finds the distribution of an ID among those that lists show, "" if there is none: by the mark in the Comment, then
// by the CallerReference, which nobody can change. What only has the comment, as a copy for staging does, is not it. all
// means to read those without a mark too, whose comment somebody may have changed.
func (c *Client) search(ctx context.Context, id string, all bool) (string, error) {
	for s, err := range c.summaries(ctx) {
		if err != nil {
			return "", err
		}
		switch marked(aws.ToString(s.Comment)) {
		case id:
		case "":
			if !all {
				continue
			}
		default:
			continue
		}
		ours, err := c.confirm(ctx, aws.ToString(s.Id), id)
		if err != nil || ours {
			return aws.ToString(s.Id), err
		}
	}
	return "", nil
}

// confirm tells whether a distribution was made for an ID.
func (c *Client) confirm(ctx context.Context, distribution, id string) (bool, error) {
	cfg, _, err := c.readConfig(ctx, distribution)
	switch {
	case errors.Is(err, awsops.ErrGone): // deleted since the list was made
		return false, nil
	case err != nil:
		return false, err
	}
	return aws.ToString(cfg.CallerReference) == reference(id), nil
}

// adopt finds the distribution that CloudFront says is there already. Its words have been seen to carry the ID ("Already
// exists: E1…"), which is not documented; lists show it sooner or later.
func (c *Client) adopt(ctx context.Context, id string, refusal error) (string, error) {
	for _, candidate := range distributionIDs(refusal) {
		if ours, err := c.confirm(ctx, candidate, id); err != nil || ours {
			return candidate, err
		}
	}
	const every, looks = 5 * time.Second, 24
	var found string
	n := 0
	err := awsops.Poll(ctx, c.caller.Clock, every, func(ctx context.Context) (bool, error) {
		n++
		var err error
		found, err = c.search(ctx, id, n%4 == 2) // the thorough look costs a call for each distribution
		return found != "" || n == looks, err
	})
	if err != nil {
		return "", stopped("Ensure", id, "waiting for lists to show the distribution", err)
	}
	if found == "" {
		return "", &Error{
			Op: "Ensure", Code: code(refusal), Resource: id, Err: awsops.ErrConflict,
			Reason: "CloudFront knows the reference of this ID, and no list shows its distribution: if it was deleted, choose another ID; if it was just made, run it again",
		}
	}
	return found, nil
}

// distributionIDs are the words of an error that look like IDs of distributions.
func distributionIDs(err error) (out []string) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return nil
	}
	for _, word := range strings.FieldsFunc(e.Reason, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
		if len(word) >= 10 && len(word) <= 32 && word[0] == 'E' && strings.ToUpper(word) == word {
			out = append(out, word)
		}
	}
	return out
}
