package ec2move

import (
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// measured is how many bytes of a snapshot are done, of how many, and tells it of one that is at work. EC2 gives the share as
// a text, "45%", and what is written on the volume, when it knows it, as FullSnapshotSizeInBytes; before that the volume's size
// stands for it.
func (m *move) measured(s types.Snapshot) (done, total int64) {
	m.snapshots = append(m.snapshots, s)
	total = aws.ToInt64(s.FullSnapshotSizeInBytes)
	if total == 0 {
		total = int64(aws.ToInt32(s.VolumeSize)) << 30
	}
	percent := percentage(aws.ToString(s.Progress))
	if s.State == types.SnapshotStateCompleted {
		percent = 100
	}
	done = int64(float64(total) * percent / 100)
	if s.State != types.SnapshotStatePending {
		return done, total
	}
	e := awsops.Event{Step: string(m.step), Phase: string(Begun), Resource: aws.ToString(s.SnapshotId), Done: done, Total: total, At: m.now()}
	if s.StartTime != nil {
		e.ETA = expected(*s.StartTime, e.At, done, total)
	}
	m.events = append(m.events, e)
	return done, total
}

// expected is when it ends if it goes on as it went since it began, zero if that cannot be told.
func expected(began, now time.Time, done, total int64) time.Time {
	spent := now.Sub(began)
	if done <= 0 || done >= total || spent <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(float64(spent) * float64(total-done) / float64(done)))
}

// percentage reads "45%". What is no such text counts as 0, and nothing is above 100.
func percentage(text string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || !(n > 0) { // NaN is not above 0 either
		return 0
	}
	return min(n, 100)
}
