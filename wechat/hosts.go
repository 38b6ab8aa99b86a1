package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// stayOnOther is how long the client keeps to a failover host before it tries the first one again.
const stayOnOther = 5 * time.Minute

// hosts are the base URLs of the platform: the first, and those to fail over to.
type hosts struct {
	bases  []string
	chosen atomic.Pointer[chosenHost]
}

type chosenHost struct {
	index int
	until time.Time
}

func (h *hosts) first(now time.Time) int {
	if c := h.chosen.Load(); c != nil && now.Before(c.until) {
		return c.index
	}
	return 0
}

// answered remembers a failover host that works.
func (h *hosts) answered(index, began int, now time.Time) {
	if index != began {
		h.chosen.Store(&chosenHost{index: index, until: now.Add(stayOnOther)})
	}
}

// send makes one request, at the next host where that is safe: when the request provably never left, and for a read also
// when no answer came, or a proxy's page. A write that may have arrived is never made at a second host.
func (c *Client) send(ctx context.Context, what call, token string, out any) error {
	began := c.hosts.first(c.now())
	var err error
	for n := range c.hosts.bases {
		index := (began + n) % len(c.hosts.bases)
		err = c.sendTo(ctx, c.hosts.bases[index], what, token, out)
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.hostFailed() {
			c.hosts.answered(index, began, c.now())
			return err
		}
		if ctx.Err() != nil || (e.sent && what.effect != reads) {
			return err
		}
		if n+1 < len(c.hosts.bases) {
			c.log.WarnContext(ctx, "wechat: a host fails; trying the next", slog.String("op", what.op), slog.String("host", c.hosts.bases[index]))
		}
	}
	return err
}

// hostFailed tells a host that cannot be reached, or a proxy in front of it that says so, from an answer of the platform.
func (e *Error) hostFailed() bool {
	return e.HTTPStatus == 0 || (e.Code == 0 && e.HTTPStatus >= http.StatusInternalServerError)
}

// checkBase takes a base URL or, with a scheme, a bare host.
func checkBase(field, raw, scheme string) (string, error) {
	if scheme != "" && raw != "" && !strings.Contains(raw, "://") {
		raw = scheme + "://" + raw
	}
	base := strings.TrimRight(raw, "/")
	if u, err := url.Parse(base); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%s: want http(s)://host without user, query or fragment", field)
	}
	return base, nil
}
