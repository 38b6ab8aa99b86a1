package main

import (
	"context"
	"net"
	"net/http"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// wire is the network under one client: a transport of its own whose connections and bytes are counted.
type wire struct {
	transport *http.Transport
	open      atomic.Int64 // connections that nobody has closed
	read      atomic.Int64 // bytes that the client has taken
}

func newWire() *wire {
	w := &wire{}
	w.transport = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w.open.Add(1)
		return &countedConn{Conn: c, wire: w}, nil
	}}
	return w
}

type countedConn struct {
	net.Conn
	wire *wire
	once sync.Once
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.read.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.wire.open.Add(-1) })
	return c.Conn.Close()
}

// labelled runs f under a label that every goroutine that comes of it inherits, so that clients can run side by side and
// still be told apart.
func labelled(ctx context.Context, label string, f func(context.Context)) {
	pprof.Do(ctx, pprof.Labels("client", label), f)
}

// goroutines counts those that run under a label.
func goroutines(label string) (n int) {
	var profile strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		panic(err) // a builder takes everything
	}
	for block := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(block, `"client":`+strconv.Quote(label)) {
			count, _, _ := strings.Cut(block, " @")
			k, _ := strconv.Atoi(count[strings.LastIndexByte(count, '\n')+1:]) // the first block stands under a title
			n += k
		}
	}
	return n
}

// leftovers are the goroutines and connections that are still there when idle connections are closed and all had a
// second to end.
func (w *wire) leftovers(label string) (routines, conns int) {
	for range 20 {
		w.transport.CloseIdleConnections()
		routines, conns = goroutines(label), int(w.open.Load())
		if routines == 0 && conns == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return routines, conns
}
