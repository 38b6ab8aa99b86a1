package vultr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kitroll/kitroll/internal/pages"
)

// Store is what the four services have in common: [Blocks], [Objects], [FileSystems] and [Gateways] satisfy it, made
// from a Config of the platform or of the fake. Functions that take one can be given another in tests.
type Store[ID ~string, Spec, Thing any] interface {
	Ensure(ctx context.Context, spec Spec, opts *CreateOptions) (Thing, error)
	Get(ctx context.Context, id ID) (Thing, error)
	List(ctx context.Context, opts *ListOptions) iter.Seq2[Thing, error]
	Wait(ctx context.Context, id ID, opts *WaitOptions) (Thing, error)
	Delete(ctx context.Context, id ID, opts *DeleteOptions) error
}

// BlockStore is the [Store] of block volumes.
type BlockStore = Store[BlockID, BlockSpec, Block]

// ObjectStore is the [Store] of object storages.
type ObjectStore = Store[ObjectID, ObjectSpec, ObjectStorage]

// FileStore is the [Store] of file systems.
type FileStore = Store[FileSystemID, FileSystemSpec, FileSystem]

// GatewayStore is the [Store] of storage gateways.
type GatewayStore = Store[GatewayID, GatewaySpec, Gateway]

var (
	_ BlockStore   = (*Blocks)(nil)
	_ ObjectStore  = (*Objects)(nil)
	_ FileStore    = (*FileSystems)(nil)
	_ GatewayStore = (*Gateways)(nil)
)

// ListOptions are those of every List. nil is the defaults.
type ListOptions struct {
	PerPage int // 0 = 500, the most that the platform gives; at least 1
}

// DeleteOptions are those of every Delete. nil is the defaults.
type DeleteOptions struct {
	// Force deletes what is in use, after it has been taken out of use: a block volume is detached (live), a file system
	// loses its attachments, a gateway its exports, an object storage its buckets with all that is in them.
	Force bool
	// Wait is how the ends of detachments are waited for. Progress is not called.
	Wait *WaitOptions
}

const defaultPerPage = 500

// shelf is what is the same for all kinds of things: one path of the API, and how its answers are read.
type shelf[T any] struct {
	c        *Client
	path     string // "/blocks"
	op       string // "block", in the names of operations
	listOp   string // "list-blocks"
	keys     []string
	listKeys []string
	read     func(json.RawMessage) (T, error)
	head     func(T) head
}

// head is what all things have.
type head struct {
	id, label string
	status    Status
	created   time.Time
}

func (s *shelf[T]) at(id string, below ...string) string {
	parts := []string{s.path, url.PathEscape(id)}
	for _, part := range below {
		parts = append(parts, url.PathEscape(part))
	}
	return strings.Join(parts, "/")
}

// checkID refuses what would be another path: an empty ID asks for the list.
func checkID(op string, ids ...string) error {
	for _, id := range ids {
		if id == "" || id == "." || id == ".." || strings.ContainsFunc(id, unicode.IsControl) {
			return refuse(op, fmt.Sprintf("the ID %q is none", id))
		}
	}
	return nil
}

func (s *shelf[T]) get(ctx context.Context, id string) (thing T, err error) {
	op := "get-" + s.op
	if err := checkID(op, id); err != nil {
		return thing, err
	}
	err = s.c.do(ctx, call{op: op, method: http.MethodGet, path: s.at(id), read: func(b []byte) error {
		raw, err := object(b, s.keys...)
		if err == nil {
			thing, err = s.read(raw)
		}
		return err
	}})
	return thing, err
}

func (s *shelf[T]) list(ctx context.Context, opts *ListOptions) iter.Seq2[T, error] {
	return s.listSeen(ctx, opts, nil)
}

func (s *shelf[T]) listSeen(ctx context.Context, opts *ListOptions, seen func(http.Header)) iter.Seq2[T, error] {
	per := defaultPerPage
	if opts != nil && opts.PerPage != 0 {
		per = opts.PerPage
	}
	if per < 1 || per > defaultPerPage {
		return failed[T](refuse(s.listOp, fmt.Sprintf("PerPage is %d, must be 1 to %d", per, defaultPerPage)))
	}
	seq := pages.All(ctx, "", func(ctx context.Context, cursor string) (page pages.Page[T, string], err error) {
		query := url.Values{"per_page": {strconv.Itoa(per)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		err = s.c.do(ctx, call{op: s.listOp, method: http.MethodGet, path: s.path, query: query, seen: seen, read: func(b []byte) error {
			raws, next, err := objects(b, "id", s.listKeys...)
			if err != nil {
				return err
			}
			page = pages.Page[T, string]{Next: next, More: next != ""}
			for _, raw := range raws {
				thing, err := s.read(raw)
				if err != nil {
					return err
				}
				page.Items = append(page.Items, thing)
			}
			return nil
		}})
		return page, err
	})
	return named(s.listOp, seq)
}

// named makes an *Error of a cursor that repeats: the only error of pages itself.
func named[T any](op string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for thing, err := range seq {
			if errors.Is(err, pages.ErrLoop) {
				err = &Error{Op: op, Sent: true, Err: err}
			}
			if !yield(thing, err) {
				return
			}
		}
	}
}

func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}

// change sends a PUT or PATCH.
func (s *shelf[T]) change(ctx context.Context, method, id string, body any) error {
	return s.c.do(ctx, call{
		op: "update-" + s.op, method: method, path: s.at(id), body: body,
		hint: "get it again to see whether it has changed",
	})
}

// remove deletes it. What is not there is deleted.
func (s *shelf[T]) remove(ctx context.Context, id string) error {
	op := "delete-" + s.op
	if err := checkID(op, id); err != nil {
		return err
	}
	err := s.c.do(ctx, call{op: op, method: http.MethodDelete, path: s.at(id), hint: "delete it again: what is gone already is a success"})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		s.c.bought.forget(id)
		return nil
	}
	return err
}

func force(opts *DeleteOptions) bool { return opts != nil && opts.Force }

func waitOf(opts *DeleteOptions) *WaitOptions {
	if opts == nil || opts.Wait == nil {
		return nil
	}
	quiet := *opts.Wait
	quiet.Progress = nil
	return &quiet
}
