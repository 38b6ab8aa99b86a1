package vultr_test

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
)

// refusing is a network on which the first connections are refused.
type refusing struct {
	next  http.RoundTripper
	times int
}

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.times > 0 {
		r.times--
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return r.next.RoundTrip(req)
}

// proxy answers one POST with a page, after those that it lets through, although the platform has done what it was asked.
type proxy struct {
	next http.RoundTripper
	skip int
	done bool
}

func (p *proxy) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(req)
	if err != nil || req.Method != http.MethodPost || p.done {
		return resp, err
	}
	if p.skip > 0 {
		p.skip--
		return resp, nil
	}
	p.done = true
	resp.Body.Close()
	page := answer(http.StatusBadGateway, "text/html", "<html><h1>502 Bad Gateway</h1></html>")
	page.Request = req
	return page, nil
}

// counting counts the connections that a transport opens and holds.
type counting struct {
	opened, now, most atomic.Int64
}

func (c *counting) count(conn net.Conn) net.Conn {
	c.opened.Add(1)
	n := c.now.Add(1)
	for {
		most := c.most.Load()
		if n <= most || c.most.CompareAndSwap(most, n) {
			return &countedConn{Conn: conn, c: c}
		}
	}
}

type countedConn struct {
	net.Conn

	c      *counting
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.c.now.Add(-1)
	}
	return c.Conn.Close()
}
