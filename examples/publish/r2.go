package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"

	"github.com/kitroll/kitroll/r2"
)

// bucket is the [ImageHost] on R2.
type bucket struct{ client *r2.Client }

// Host stores a picture under a key made from its content. One that is there already is not sent again.
func (b *bucket) Host(ctx context.Context, p Picture) (string, error) {
	key := r2.ContentKey(p.Name, p.Data)
	_, err := b.client.Put(ctx, key, bytes.NewReader(p.Data), &r2.PutOptions{ContentType: p.Type, IfAbsent: true})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", lost(err, r2.ErrUnknownOutcome)
	}
	return b.client.PublicURL(key)
}
