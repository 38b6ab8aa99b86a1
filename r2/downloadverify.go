package r2

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wanted tells whether what is fetched is compared with its ETag.
func (d *download) wanted() bool {
	return d.opts.Verify == VerifyETag || d.opts.Verify == VerifyDefault && d.c.isR2
}

// parts is how many parts the object was uploaded in, as its ETag tells; 0 = in one piece, or the ETag is of another kind.
func (i Info) parts() int64 {
	sum, count, _ := strings.Cut(i.ETag, "-")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 || !isMD5(sum) {
		return 0
	}
	return n
}

// What may be read again to find the size of the parts.
const (
	mostSizes = 32
	mostRead  = 16 << 30
)

// uploadParts is the sizes that the parts of the object may have, the likely ones first. all tells whether there is no other
// that is a whole number of MiB or of 5 MB; where those are too many to be tried, the usual ones are all there is.
func (d *download) uploadParts() (sizes []int64, all bool) {
	size, count := d.head.Info.Size, d.head.Info.parts()
	switch {
	case count == 0 || size == 0:
		return nil, false
	case d.opts.UploadPartSize != 0:
		return []int64{d.opts.UploadPartSize}, true
	case count == 1:
		return []int64{max(size, d.c.minRange)}, true // whatever the size was, the part is the whole
	}
	sizes = d.c.partSizes(PutOptions{PartSize: d.opts.PartSize}, size, count)
	usual := len(sizes)
	for _, unit := range []int64{mib, 5_000_000} {
		least := (size + count - 1) / count
		for part := (least + unit - 1) / unit * unit; (size+part-1)/part == count; part += unit {
			if slices.Contains(sizes, part) {
				continue
			}
			if sizes = append(sizes, part); len(sizes) > mostSizes || int64(len(sizes))*size > mostRead {
				return sizes[:usual], false
			}
		}
	}
	return sizes, true
}

// inParts tells whether the ranges may be the parts that the object was uploaded in, so that their MD5s make its ETag.
func (d *download) inParts() bool {
	n := d.head.Info.parts()
	return n > 0 && d.wanted() && (d.head.Info.Size+d.head.PartSize-1)/d.head.PartSize == n
}

// verify compares the file with the ETag.
func (d *download) verify(ctx context.Context) error {
	info := d.head.Info
	switch {
	case !d.wanted() || d.unpacked:
		return nil
	case info.parts() > 0:
		return d.verifyParts(ctx)
	case !isMD5(info.ETag), d.opts.Verify == VerifyDefault && info.Size >= verifyUpTo:
		return nil
	}
	stat, err := d.file.Stat()
	if err != nil {
		return d.failed(err)
	}
	sum, err := d.md5(ctx, 0, stat.Size())
	if err != nil {
		return err
	}
	return d.c.fail(opGet, d.key, compare(info.ETag, sum))
}

// verifyParts compares the ETag of an object that was uploaded in parts: with the MD5s of the ranges, which are known if they
// were taken for the parts, and where that is not it, with those of other parts, for which the file is read.
func (d *download) verifyParts(ctx context.Context) error {
	info := d.head.Info
	if !d.inParts() && d.opts.Verify == VerifyDefault && info.Size >= verifyUpTo {
		return nil // the file would have to be read
	}
	sizes, all := d.uploadParts()
	if d.inParts() && !slices.Contains(sizes, d.head.PartSize) && d.opts.UploadPartSize == 0 {
		sizes = append([]int64{d.head.PartSize}, sizes...)
	}
	got := ""
	for _, part := range sizes {
		sums := make([]string, max(1, (info.Size+part-1)/part))
		for n := range sums {
			if part == d.head.PartSize {
				sums[n] = d.sums[int64(n)]
			}
			if sums[n] != "" {
				continue
			}
			off := int64(n) * part
			sum, err := d.md5(ctx, off, min(part, info.Size-off))
			if err != nil {
				return err
			}
			sums[n] = sum
		}
		etag := compositeETag(sums)
		if strings.EqualFold(etag, info.ETag) {
			return nil
		}
		if got == "" {
			got = etag
		}
	}
	if !all || len(sizes) == 0 {
		d.c.log.WarnContext(ctx, "r2 download not compared with its ETag: the size of its parts is not known", "key", d.key, "parts", info.parts())
		return nil
	}
	return d.c.fail(opGet, d.key, fmt.Errorf("%w, or was uploaded in parts of another size than %v bytes (GetFileOptions.UploadPartSize)",
		&corruptError{got: info.ETag, want: got}, sizes))
}

// md5 reads a part of the file.
func (d *download) md5(ctx context.Context, off, n int64) (string, error) {
	if ctx.Err() != nil {
		return "", d.c.fail(opGet, d.key, context.Cause(ctx))
	}
	sum, err := section{at: d.file, off: off, n: n}.md5()
	if err != nil {
		return "", d.failed(err)
	}
	return hex.EncodeToString(sum), nil
}
