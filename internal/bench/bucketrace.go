package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// What README.md promises, less what a run differs from the next on a machine that others use too: so many times the CPU
// time of minio-go at most, and so many times less than the SDK at least. MB/s are not among it: they are the machine's.
const (
	maxOfMinio      = 1.15 // 1 GiB
	minTransfer     = 1.6  // 1 MiB
	minTransferMem  = 10   // 1 MiB: bytes allocated
	minPutObject    = 1.8  // 100 KiB
	minPutObjectMem = 8    // 100 KiB: allocations
)

// heat is one kind of upload, done by each of these clients.
type heat struct {
	title   string
	bucket  string
	objects int
	size    int64
	atATime int
	clients []string
}

func heats() []heat {
	all := []string{oursBucket, plainBucket, minioBucket, managerBucket, transferBucket, putObjectBucket}
	checked := []string{oursMD5, minioMD5}
	const file, mib, kib = 1 << 30, 1 << 20, 1 << 10
	return []heat{
		{"1 GiB", discardBucket, 1, file, 1, all},
		{"1,000 × 1 MiB, 16 at a time", discardBucket, 1000, mib, 16, all},
		{"2,000 × 100 KiB, 16 at a time", discardBucket, 2000, 100 * kib, 16, all},
		{"256 MiB, MD5 compared", md5Bucket, 1, file / 4, 1, checked},
		{"1,000 × 1 MiB, 16 at a time, MD5 compared", md5Bucket, 1000, mib, 16, checked},
		{"2,000 × 100 KiB, 16 at a time, MD5 compared", md5Bucket, 2000, 100 * kib, 16, checked},
	}
}

// uploading races the clients of a bucket, each run in a process of its own. Rounds take turns and the best of each counts,
// so that a busy machine hurts all alike; of the memory, the most.
func uploading(ctx context.Context, rounds int) (r report, err error) {
	dir, err := os.MkdirTemp("", "uploading")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "file")
	if err := writeRandom(file, 1<<30); err != nil {
		return r, err
	}
	srv, stop, err := startDiscarding(ctx)
	if err != nil {
		return r, err
	}
	defer stop()

	all := heats()
	costs := make([][]bucketCost, len(all))
	for round := range rounds {
		for i, h := range all {
			for n, name := range h.clients {
				var cost bucketCost
				job := bucketJob{Client: name, Server: srv, Bucket: h.bucket, File: file, Objects: h.objects, Size: h.size, AtATime: h.atATime}
				if err := runJob(ctx, job, &cost); err != nil {
					return r, fmt.Errorf("%s: %s: %w", h.title, name, err)
				}
				if round == 0 {
					costs[i] = append(costs[i], cost)
				}
				costs[i][n] = costs[i][n].best(cost)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s/%s, %d CPUs, best of %d rounds. TLS 1.3 and HTTP/1.1 over the loopback, a server that keeps nothing.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), rounds)
	for i, h := range all {
		fmt.Fprintf(&b, "\n%s:\n\n%s", h.title, h.board(costs[i]))
	}
	r.text = b.String()
	r.broken = slowUploads(costs)
	return r, nil
}

func (c bucketCost) best(o bucketCost) bucketCost {
	return bucketCost{min(c.Clock, o.Clock), min(c.CPU, o.CPU), min(c.Mallocs, o.Mallocs), min(c.Bytes, o.Bytes), max(c.Peak, o.Peak)}
}

func (h heat) board(costs []bucketCost) string {
	table := [][]string{{"client", "MB/s", "CPU s/GB", "CPU, in ours", "mallocs/object", "kB/object", "peak RSS, MB"}}
	for i, c := range costs {
		gb := float64(h.size) * float64(h.objects) / 1e9
		peak := "?"
		if c.Peak > 0 {
			peak = amount(int(c.Peak / 1e6))
		}
		table = append(table, []string{
			h.clients[i], fmt.Sprintf("%.0f", gb*1e3/c.Clock.Seconds()), fmt.Sprintf("%.2f", c.CPU.Seconds()/gb),
			fmt.Sprintf("%.2fx", float64(c.CPU)/float64(costs[0].CPU)), amount(int(c.Mallocs) / h.objects),
			amount(int(c.Bytes) / h.objects / 1e3), peak,
		})
	}
	return markdown(table)
}

// slowUploads is what was promised and not kept.
func slowUploads(costs [][]bucketCost) (broken []string) {
	large, medium, small := costs[0], costs[1], costs[2] // in the order of heats: ours, net/http, minio-go, manager, transfermanager, PutObject
	fail := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	if f := float64(large[0].CPU) / float64(large[2].CPU); f > maxOfMinio {
		fail("1 GiB: %.2f times the CPU time of minio-go, at most %v were promised", f, maxOfMinio)
	}
	if f := float64(medium[4].CPU) / float64(medium[0].CPU); f < minTransfer {
		fail("1 MiB: transfermanager takes only %.2f times the CPU time, %v were promised", f, minTransfer)
	}
	if f := float64(medium[4].Bytes) / float64(medium[0].Bytes); f < minTransferMem {
		fail("1 MiB: transfermanager allocates only %.1f times as much, %v were promised", f, minTransferMem)
	}
	if f := float64(small[5].CPU) / float64(small[0].CPU); f < minPutObject {
		fail("100 KiB: PutObject takes only %.2f times the CPU time, %v were promised", f, minPutObject)
	}
	if f := float64(small[5].Mallocs) / float64(small[0].Mallocs); f < minPutObjectMem {
		fail("100 KiB: PutObject allocates only %.1f times as often, %v were promised", f, minPutObjectMem)
	}
	return broken
}

// writeRandom leaves the file in the page cache, if there is room.
func writeRandom(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), size); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// child is this program once more, with another task.
func child(ctx context.Context, task string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-r2", task) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Minute
	return cmd, nil
}

func runJob(ctx context.Context, job bucketJob, cost *bucketCost) error {
	cmd, err := child(ctx, taskUpload)
	if err != nil {
		return err
	}
	in, err := json.Marshal(job)
	if err != nil {
		return err
	}
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, cost)
}

// startDiscarding starts the server. It ends when its stdin does.
func startDiscarding(ctx context.Context) (srv discardServer, stop func(), err error) {
	cmd, err := child(ctx, taskDiscard)
	if err != nil {
		return srv, nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return srv, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return srv, nil, err
	}
	if err := cmd.Start(); err != nil {
		return srv, nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	if err := json.NewDecoder(out).Decode(&srv); err != nil {
		stop()
		return srv, nil, err
	}
	return srv, stop, nil
}
