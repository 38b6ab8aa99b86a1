package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kitroll/kitroll/r2"
)

// bucketJob is what one process has to do: store some objects with one client, and say what that took.
type bucketJob struct {
	Client  string
	Server  discardServer
	Bucket  string
	File    string // what the objects are cut from
	Objects int
	Size    int64
	AtATime int
}

// bucketCost is what it took, for all objects together.
type bucketCost struct {
	Clock, CPU     time.Duration
	Mallocs, Bytes uint64
	Peak           int64 // the most memory that the process had, 0 where that is not known
}

// upload is the main function of such a process.
func upload(stdin io.Reader, stdout io.Writer) error {
	var job bucketJob
	if err := json.NewDecoder(stdin).Decode(&job); err != nil {
		return err
	}
	cost, err := job.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(cost)
}

func (j bucketJob) run(ctx context.Context) (cost bucketCost, err error) {
	file, err := os.Open(j.File)
	if err != nil {
		return cost, err
	}
	defer func() { _ = file.Close() }()
	target, err := j.target()
	if err != nil {
		return cost, err
	}
	connect, ok := bucketClients()[j.Client]
	if !ok {
		return cost, fmt.Errorf("no client %q", j.Client)
	}
	put, err := connect(target)
	if err != nil {
		return cost, err
	}
	if err := put(ctx, "warm-up", io.NewSectionReader(file, 0, 1)); err != nil {
		return cost, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, used := time.Now(), cpuTime()
	err = j.all(ctx, put, file)
	cost.Clock, cost.CPU = time.Since(began), cpuTime()-used
	runtime.ReadMemStats(&after)
	cost.Mallocs, cost.Bytes, cost.Peak = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc, peakMemory()
	return cost, err
}

// target gives every client the connections that ours makes for itself: HTTP/1.1, large buffers, enough idle ones.
func (j bucketJob) target() (bucketTarget, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(j.Server.Cert)) {
		return bucketTarget{}, errors.New("the server has no certificate")
	}
	var p http.Protocols
	p.SetHTTP1(true)
	return bucketTarget{
		cfg: r2.Config{
			AccountID: "0123456789abcdef0123456789abcdef", Bucket: j.Bucket, Endpoint: j.Server.URL,
			AccessKeyID: "fedcba9876543210fedcba9876543210", SecretAccessKey: strings.Repeat("5ec2e7fa", 8),
			HTTPClient: &http.Client{Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13},
				MaxIdleConns:    128, MaxIdleConnsPerHost: 32, WriteBufferSize: 256 << 10, ReadBufferSize: 64 << 10,
				DisableCompression: true, Protocols: &p,
			}},
		},
		url: func(_ context.Context, key string) (string, error) {
			return j.Server.URL + "/" + j.Bucket + "/" + key, nil
		},
	}, nil
}

// all stores the objects, each another piece of the file.
func (j bucketJob) all(ctx context.Context, put putFunc, file io.ReaderAt) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failures := make([]error, j.AtATime)
	for i := range j.AtATime {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(j.Objects) && failures[i] == nil; n = next.Add(1) - 1 {
				failures[i] = put(ctx, "objects/"+strconv.FormatInt(n, 10), io.NewSectionReader(file, n*j.Size, j.Size))
			}
		})
	}
	wg.Wait()
	return errors.Join(failures...)
}

// peakMemory is what Linux says. That of getrusage is of no use: a process inherits it from the one that started it.
func peakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}
