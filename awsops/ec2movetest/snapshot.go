package ec2movetest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type snapshot struct {
	meta

	volume      string // as EC2 shows it; a copy's is arbitrary
	lineage     string // the volume whose blocks they are
	version     int    // the how-manyth snapshot of that volume
	changed     int64  // bytes that it has beyond the snapshot before
	gib         int32
	bytes       int64 // all
	key         string
	description string
	state       string // pending, completed, error; deleted ones are in no store
	message     string
	done        float64 // of 1
	ended       time.Time
	copied      bool
	minutes     int32 // of a time-based copy
}

// snap begins a snapshot of a volume: the first has all that was ever written, the next what was written since.
func (r *region) snap(v *volume, description string, tags map[string]string) *snapshot {
	v.taken++
	s := &snapshot{
		meta: meta{id: r.cloud.id("snap", r.name), tags: tags}, volume: v.id, lineage: v.id, version: v.taken, gib: v.gib,
		bytes: v.used, changed: v.used, key: v.key, description: description, state: "pending",
	}
	if v.taken > 1 {
		s.changed = int64(float64(v.used) * r.cloud.opts.Changed)
	}
	r.snapshots.put(r, s)
	r.cloud.start(&job{from: r.name, to: r.name, snap: s, total: float64(s.changed)})
	return s
}

// copyPlan is a copy of one snapshot that was found possible.
type copyPlan struct {
	of      *snapshot
	key     string
	bytes   int64
	within  time.Duration
	failing string
}

// planCopy checks the copy of a snapshot from another Region: which key it is encrypted with, and how many bytes that moves.
// A key that is not there is found later, when the copy runs.
func (r *region) planCopy(of *snapshot, encrypted *bool, key *string, minutes *int64, forImage bool) (copyPlan, error) {
	p := copyPlan{of: of}
	switch {
	case key != nil && !aws.ToBool(encrypted) && (forImage || of.key == ""):
		return p, refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	case encrypted != nil && !*encrypted && of.key != "":
		return p, refuse("InvalidParameterValue", "An encrypted snapshot cannot be copied to an unencrypted one.")
	case of.key != "" || aws.ToBool(encrypted) || r.encrypt:
		p.key = r.defaultKey
		if key != nil {
			arn, ok := r.key(*key)
			p.key = arn
			if !ok {
				p.key, p.failing = *key, "Given key ID is not accessible"
			}
		}
	}
	if minutes != nil {
		if *minutes < 15 || *minutes > 48*60 || *minutes%15 != 0 {
			return p, refuse("InvalidParameterValue", "The completion duration must be between 15 minutes and 48 hours, in 15 minute increments")
		}
		p.within = time.Duration(*minutes) * time.Minute
	}
	p.bytes = of.bytes
	for _, have := range r.snapshots.all { // an earlier copy of the same volume under the same key makes this one incremental
		if have.copied && have.state == "completed" && have.lineage == of.lineage && have.key == p.key && have.version <= of.version {
			p.bytes = min(p.bytes, int64(float64(of.bytes)*r.cloud.opts.Changed)*int64(of.version-have.version))
		}
	}
	if p.within > 0 && float64(p.bytes)/p.within.Seconds() > float64(r.cloud.opts.CopyMiB)*mib {
		return p, refuse("InvalidParameterValue", "The copy of snapshot %s cannot be completed within %v at %d MiB/s", of.id, p.within, r.cloud.opts.CopyMiB)
	}
	return p, nil
}

// roomFor refuses copies that are too many at once, or too quick for what two Regions can carry.
func (r *region) roomFor(src *region, plans []copyPlan) error {
	if n := r.cloud.copies(r.name); n+len(plans) > r.cloud.opts.SnapshotCopies {
		r.cloud.meter.Refused++
		return refuse("ResourceLimitExceeded", "Too many snapshot copies in progress. The limit is %d for this destination region.", r.cloud.opts.SnapshotCopies)
	}
	var need float64
	timed := false
	for _, p := range plans {
		if p.within > 0 {
			timed = true
			need += float64(p.bytes) / p.within.Seconds()
		}
	}
	for _, j := range r.cloud.jobs {
		if j.copying && j.from == src.name && j.to == r.name && j.within > 0 && j.snap.state == "pending" {
			need += j.total / j.within.Seconds()
		}
	}
	if timed && need > float64(r.cloud.opts.PairMiB)*mib {
		return refuse("ResourceLimitExceeded", "The cumulative copy throughput of %d MiB/s between %s and %s is exceeded.", r.cloud.opts.PairMiB, src.name, r.name)
	}
	return nil
}

// copySnap begins a copy.
func (r *region) copySnap(src *region, p copyPlan, description string, tags map[string]string) *snapshot {
	s := &snapshot{
		meta: meta{id: r.cloud.id("snap", r.name), tags: tags}, volume: "vol-ffffffff", lineage: p.of.lineage, version: p.of.version, gib: p.of.gib,
		bytes: p.of.bytes, changed: p.bytes, key: p.key, description: description, state: "pending", copied: true,
		minutes: int32(p.within / time.Minute),
	}
	j := &job{from: src.name, to: r.name, copying: true, snap: s, total: float64(p.bytes), within: p.within}
	r.snapshots.put(r, s)
	r.cloud.start(j)
	if p.failing != "" {
		j.failsAt, j.why = j.starts, p.failing
	}
	return s
}

func (r *region) createSnapshot(in *ec2.CreateSnapshotInput) (*ec2.CreateSnapshotOutput, error) {
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	v, err := r.volumes.use("VolumeId", in.VolumeId)
	if err != nil {
		return nil, err
	}
	if v.state != "available" && v.state != "in-use" {
		return nil, refuse("IncorrectState", "Volume %s is in state %s", v.id, v.state)
	}
	s := r.snap(v, aws.ToString(in.Description), tags[types.ResourceTypeSnapshot])
	d := s.describe(r)
	return &ec2.CreateSnapshotOutput{
		Description: d.Description, Encrypted: d.Encrypted, KmsKeyId: d.KmsKeyId, OwnerId: d.OwnerId, Progress: aws.String(""), SnapshotId: d.SnapshotId,
		StartTime: d.StartTime, State: d.State, Tags: d.Tags, VolumeId: d.VolumeId, VolumeSize: d.VolumeSize,
	}, nil
}

func (r *region) copySnapshot(in *ec2.CopySnapshotInput) (*ec2.CopySnapshotOutput, error) {
	if err := required("SourceRegion", in.SourceRegion, "SourceSnapshotId", in.SourceSnapshotId); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	src, err := r.sourceRegion(*in.SourceRegion)
	if err != nil {
		return nil, err
	}
	of, ok := src.snapshots.find(*in.SourceSnapshotId)
	switch {
	case !ok:
		return nil, src.snapshots.notFound(*in.SourceSnapshotId)
	case of.state != "completed":
		return nil, refuse("IncorrectState", "Snapshot is in invalid state - %s", of.state)
	}
	var minutes *int64
	if in.CompletionDurationMinutes != nil {
		minutes = aws.Int64(int64(*in.CompletionDurationMinutes))
	}
	p, err := r.planCopy(of, in.Encrypted, in.KmsKeyId, minutes, false)
	if err != nil {
		return nil, err
	}
	if err := r.roomFor(src, []copyPlan{p}); err != nil {
		return nil, err
	}
	description := aws.ToString(in.Description)
	if in.Description == nil {
		description = fmt.Sprintf("[Copied %s from %s]", of.id, src.name)
	}
	s := r.copySnap(src, p, description, tags[types.ResourceTypeSnapshot])
	return &ec2.CopySnapshotOutput{SnapshotId: aws.String(s.id), Tags: tagList(s.tags)}, nil
}

func (r *region) deleteSnapshot(in *ec2.DeleteSnapshotInput) (*ec2.DeleteSnapshotOutput, error) {
	s, err := r.snapshots.use("SnapshotId", in.SnapshotId)
	if err != nil {
		return nil, err
	}
	if im := r.imageOf(s); im != nil {
		return nil, refuse("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", s.id, im.id)
	}
	if s.state == "pending" {
		s.state = "deleted"
	}
	r.snapshots.remove(s.id)
	return &ec2.DeleteSnapshotOutput{}, nil
}

func (r *region) describeSnapshots(in *ec2.DescribeSnapshotsInput) (*ec2.DescribeSnapshotsOutput, error) {
	for _, owner := range in.OwnerIds {
		if owner != "self" && owner != "amazon" && !isAccount(owner) {
			return nil, refuse("InvalidUserID.Malformed", "Invalid user id: \"%s\"", owner)
		}
	}
	found, err := r.snapshots.lookup(in.SnapshotIds, in.Filters, map[string]func(*snapshot) []string{
		"snapshot-id": func(s *snapshot) []string { return one(s.id) },
		"volume-id":   func(s *snapshot) []string { return one(s.volume) },
		"volume-size": func(s *snapshot) []string { return one(strconv.Itoa(int(s.gib))) },
		"owner-id":    func(*snapshot) []string { return one(r.cloud.account) },
		"status":      func(s *snapshot) []string { return one(s.state) },
		"description": func(s *snapshot) []string { return one(s.description) },
		"encrypted":   func(s *snapshot) []string { return one(strconv.FormatBool(s.key != "")) },
		"progress":    func(s *snapshot) []string { return one(s.progress()) },
	})
	if err != nil {
		return nil, err
	}
	if len(in.OwnerIds) > 0 && !slices.Contains(in.OwnerIds, "self") && !slices.Contains(in.OwnerIds, r.cloud.account) {
		found = nil
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.SnapshotIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSnapshotsOutput{NextToken: next}
	for _, s := range found {
		out.Snapshots = append(out.Snapshots, s.describe(r))
	}
	return out, nil
}

// progress is as EC2 writes it.
func (s *snapshot) progress() string {
	if s.state == "completed" {
		return "100%"
	}
	return strconv.Itoa(min(int(s.done*100+1e-6), 99)) + "%"
}

func (s *snapshot) describe(r *region) types.Snapshot {
	out := types.Snapshot{
		Description: aws.String(s.description), Encrypted: aws.Bool(s.key != ""), KmsKeyId: optional(s.key), OwnerId: aws.String(r.cloud.account),
		Progress: aws.String(s.progress()), SnapshotId: aws.String(s.id), StartTime: aws.Time(s.born.UTC()), State: types.SnapshotState(s.state),
		StateMessage: optional(s.message), StorageTier: types.StorageTierStandard, Tags: tagList(s.tags), VolumeId: aws.String(s.volume),
		VolumeSize: aws.Int32(s.gib),
	}
	if s.state == "completed" || s.copied { // what a volume holds is known at the end
		out.FullSnapshotSizeInBytes = aws.Int64(s.bytes)
	}
	if s.copied {
		out.TransferType = types.TransferTypeStandard
		if s.minutes > 0 {
			out.TransferType, out.CompletionDurationMinutes = types.TransferTypeTimeBased, aws.Int32(s.minutes)
		}
	}
	if s.state == "completed" {
		out.CompletionTime = aws.Time(s.ended.UTC())
	}
	return out
}
