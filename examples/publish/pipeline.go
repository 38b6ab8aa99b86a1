package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// The pipeline speaks to these interfaces alone. Each is one platform's part in the job, in the job's own words; the
// files named after the platforms satisfy them.
type (
	// Writer turns a topic into Markdown. delta receives the text as it comes.
	Writer interface {
		Write(ctx context.Context, topic string, delta func(text string)) (markdown string, err error)
	}
	// Painter makes a picture and is paid for it.
	Painter interface {
		Paint(ctx context.Context, prompt string) (picture []byte, err error)
	}
	// Typesetter reads an article and lays it out for the press.
	Typesetter interface {
		Parse(markdown []byte) (*Article, error)
		Render(a *Article, addresses map[string]string) (html string, notes []string, err error)
	}
	// PictureBox fetches pictures and brings them into a form that the press takes: those that the article names, which
	// may not leave its folder, and files that the operator names. Cover makes a cover of either.
	PictureBox interface {
		Load(ctx context.Context, ref string) (Picture, error)
		LoadFile(path string) (Picture, error)
		Cover(p Picture) (Picture, error)
	}
	// ImageHost keeps a picture at a public address. The same picture twice is one object.
	ImageHost interface {
		Host(ctx context.Context, p Picture) (address string, err error)
	}
	// Gallery uploads the pictures of an article's body and answers their addresses by reference.
	Gallery interface {
		UploadPictures(ctx context.Context, ps []Picture, u Uploads) (addresses map[string]string, err error)
	}
	// CoverStore uploads covers and finds one again by its content.
	CoverStore interface {
		UploadCover(ctx context.Context, p Picture) (id string, err error)
		FindCover(ctx context.Context, p Picture) (id string, found bool, err error)
	}
	// DraftBox holds drafts and finds one again by its content.
	DraftBox interface {
		CreateDraft(ctx context.Context, d Draft) (id string, err error)
		FindDraft(ctx context.Context, d Draft, since time.Time) (id string, found bool, err error)
	}
	// DraftReader reads a draft back, fails with a readable difference when it is not what was sent, and shows it.
	DraftReader interface {
		ReadDraft(ctx context.Context, id string, d Draft) (stored Stored, err error)
		Preview(d Draft, s Stored, addresses map[string]string, ps []Picture) []byte
	}
	// Publisher puts a draft on the account's page.
	Publisher interface {
		Submit(ctx context.Context, draft string) (publication string, err error)
		Follow(ctx context.Context, publication string, progress func(state string)) (address string, err error)
	}
	// PublishFinder looks once for what became of a Submit whose answer was lost: whether the draft is gone, and the
	// article's address as soon as there is one.
	PublishFinder interface {
		FindPublished(ctx context.Context, draft string, d Draft, since time.Time) (address string, gone bool, err error)
	}
	// Broadcaster pushes a draft to followers. The key makes a repeated Send the same send; one that comes too soon after
	// the first is refused with ErrTooSoon.
	Broadcaster interface {
		PlanBroadcast(ctx context.Context, b Broadcast) (BroadcastPlan, error)
		SendBroadcast(ctx context.Context, b Broadcast) (id string, replayed bool, err error)
	}
	// BroadcastFollower waits for the end of a broadcast.
	BroadcastFollower interface {
		FollowBroadcast(ctx context.Context, id string, progress func(state string)) (result string, err error)
	}
	// Notifier tells the operator, and can look a message up by its ID.
	Notifier interface {
		Notify(ctx context.Context, n Note) error
		FindNote(ctx context.Context, n Note, since time.Time) (found bool, err error)
	}
)

// Platforms is who does what.
type Platforms struct {
	Writer            Writer
	Painter           Painter
	Typesetter        Typesetter
	PictureBox        PictureBox
	ImageHost         ImageHost
	Gallery           Gallery
	CoverStore        CoverStore
	DraftBox          DraftBox
	DraftReader       DraftReader
	Publisher         Publisher
	PublishFinder     PublishFinder
	Broadcaster       Broadcaster
	BroadcastFollower BroadcastFollower
	Notifier          Notifier
	Accounts          []Account
}

// Account is one platform and who we are there, for the greeting and the journal.
type Account struct {
	Platform, Name string
	Fake           bool // one of the packages' own fakes, in this process
	Keeps          bool // it keeps things for us under IDs that mean nothing in another account
}

// Uploads is what the pipeline remembers for a [Gallery].
type Uploads struct {
	Known    func(sha string) string         // the address that an earlier run got, or ""
	Keep     func(sha, address string) error // called when an upload is done
	Resumed  bool                            // an earlier run ended among its uploads: one of them may be there unknown
	Progress func(done, total int)
}

// Article is what the typesetter read.
type Article struct {
	Title, Author, Digest, SourceURL, CoverRef string
	Pictures                                   []string // references as they stand in the text, each once
	Markdown                                   []byte
}

// Picture is a picture of the article, or its cover.
type Picture struct {
	File          // as it was found: this goes to the image host
	Press  File   // in the form that the press takes
	Ref    string // as it stands in the text
	SHA256 string // of the bytes as they were found, in hex
}

// File is a picture's bytes with their name and media type.
type File struct {
	Name, Type string
	Data       []byte
}

// Draft is the article as the press is to get it.
type Draft struct{ Title, Author, Digest, SourceURL, CoverID, HTML string }

// Stored is what the press says that it holds.
type Stored struct{ HTML, Address string }

// Broadcast is one mass send: a draft to an audience ("all", or a tag's name or number), known by its key.
type Broadcast struct{ DraftID, Audience, Key string }

// BroadcastPlan is a broadcast as a person must see it before it is confirmed.
type BroadcastPlan struct{ Summary string }

// Note is a message to the operator. ID finds it again.
type Note struct{ ID, Title, Result string }

// Mode is how far a run goes.
type Mode string

// The three modes.
const (
	ModeDraft   Mode = "draft"
	ModePublish Mode = "publish"
	ModeMass    Mode = "mass"
)

// Job is what the flags asked for, already checked.
type Job struct {
	Topic    string
	Markdown []byte // of -article
	Cover    string // a file, "new" to have one painted, or "" for the article's own
	Theme    string // a name that the Typesetter knows
	Mode     Mode
	Audience string // of ModeMass
	Out      string // folder for what the job leaves behind
	Lang     Lang
}

// Timing is how patient the pipeline is where a platform offers no better sign than time.
type Timing struct {
	// MassPause is how soon after a mass send of unknown outcome the same one may go out again.
	MassPause time.Duration
	// PublishSettle is how long a submitted draft may still turn into an article; afterwards a draft that is still there
	// was not submitted.
	PublishSettle time.Duration
	// LookEvery and LookFor are how often and how long one run looks for the article of such a draft.
	LookEvery, LookFor time.Duration
	// NoteSettle is how long a message that was sent may be missing from the records.
	NoteSettle time.Duration
}

// DefaultTiming is for the real platforms: a clientmsgid may be used again after a minute; how long an audit takes, and
// how far records lag behind, is documented nowhere, so these are generous.
func DefaultTiming() Timing {
	return Timing{
		MassPause: 61 * time.Second, PublishSettle: 30 * time.Minute,
		LookEvery: 15 * time.Second, LookFor: 3 * time.Minute, NoteSettle: time.Hour,
	}
}

// Pipeline runs a job against its journal.
type Pipeline struct {
	Platforms
	Job     Job
	Journal *Journal
	Report  *Report
	// Confirm shows a plan and returns whether a person agreed.
	Confirm func(BroadcastPlan) (bool, error)
	// Again is the step whose unknown outcome a person has decided to repeat, or "".
	Again  string
	Timing Timing
}

// passing is what differs between two reports of the same failure.
var passing = regexp.MustCompile(`[0-9a-zA-Z]*[0-9][0-9a-zA-Z:.-]{6,}`)

// errNotConfirmed ends a run whose broadcast nobody agreed to.
var errNotConfirmed = errors.New("not confirmed, nothing was sent")

// Result is what a job has to show. Outcome is empty unless it came to its end.
type Result struct{ Title, Address, Outcome, Preview string }

// Run does what the journal has not yet, in order, and tells the operator how it ended. A run that was interrupted tells
// nobody, nor does one whose input was bad: who pressed Ctrl-C or wrote the article is sitting there.
func (p *Pipeline) Run(ctx context.Context) (Result, error) {
	for _, a := range p.Accounts {
		if !a.Keeps {
			continue
		}
		if err := p.Journal.Bind(a.Platform, a.Name); err != nil {
			return Result{}, inputError{err}
		}
	}
	if err := p.usedUp(); err != nil {
		return Result{}, err
	}
	end := "end:" + string(p.Job.Mode)
	if e := p.Journal.Step(end); !e.Done.IsZero() {
		p.Report.SkipAll(p.Journal)
		return Result{Title: e.Values["title"], Address: e.Values["address"], Outcome: e.Values["outcome"], Preview: p.previewFile()}, nil
	}
	res, err := p.publish(ctx)
	if err == nil {
		if err := p.notify(ctx, noteKey("done", string(p.Job.Mode)), res.Title, res.Outcome); err != nil {
			return res, err
		}
		return res, p.Journal.Finish(end, values{"title": res.Title, "address": res.Address, "outcome": res.Outcome})
	}
	if ctx.Err() != nil || errors.Is(err, errNotConfirmed) || errors.Is(err, errInput) {
		return res, err
	}
	failed := "article"
	if s, ok := errors.AsType[*StepError](err); ok {
		failed = s.Step
	}
	// One message per cause, so that a job run every minute does not send one every minute. Request IDs and times differ
	// from run to run and are not part of the cause.
	key := noteKey("failed", failed, passing.ReplaceAllString(err.Error(), ""))
	if note := p.notify(ctx, key, res.Title, p.Job.Lang.Say("failed: ", "失败：")+p.Job.Lang.stepName(failed)); note != nil {
		return res, &untoldError{err, note}
	}
	return res, err
}

// usedUp refuses a second use of a draft, which lasts for one.
func (p *Pipeline) usedUp() error {
	mass := p.Journal.Step("mass")
	switch {
	case p.Job.Mode == ModePublish && !mass.Begun.IsZero():
		return inputError{errors.New("-publish: this draft was given to a mass send, which uses it up: name another -journal to publish the article too")}
	case p.Job.Mode == ModeMass && !p.Journal.Step("publish").Begun.IsZero():
		return inputError{errors.New("-mass: this draft was published, which uses it up: name another -journal to send the article too")}
	case p.Job.Mode == ModeMass && !mass.Begun.IsZero() && mass.Values["audience"] != p.Job.Audience:
		return inputError{fmt.Errorf("-mass: the journal has a mass send to %q: it is not sent to %q as well", mass.Values["audience"], p.Job.Audience)}
	}
	return nil
}

// untoldError is a failure of which the operator could not be told. The first cause stays the cause.
type untoldError struct{ err, note error }

func (e *untoldError) Error() string {
	return fmt.Sprintf("%v\n(and the operator could not be told: %v)", e.err, e.note)
}

// Unwrap returns the first cause.
func (e *untoldError) Unwrap() error { return e.err }

func (p *Pipeline) previewFile() string { return filepath.Join(p.Job.Out, "preview.html") }

func (p *Pipeline) publish(ctx context.Context) (Result, error) {
	chosen, err := p.chosenCover()
	if err != nil {
		return Result{}, err
	}
	a, err := p.article(ctx)
	if err != nil {
		return Result{}, err
	}
	res := Result{Title: a.Title}
	body, cover, err := p.pictures(ctx, a, chosen)
	if err != nil {
		return res, err
	}
	all := append(slices.Clip(body), cover)
	fingerprint, err := p.unchanged(a, all)
	if err != nil {
		return res, err
	}
	if err := p.host(ctx, a, all); err != nil {
		return res, err
	}
	d, addresses, err := p.compose(ctx, a, body, cover)
	if err != nil {
		return res, err
	}
	draft, err := p.draft(ctx, d, fingerprint)
	if err != nil {
		return res, err
	}
	if res.Address, err = p.proof(ctx, draft, d, addresses, body); err != nil {
		return res, err
	}
	res.Preview = p.previewFile()
	outcome := p.Job.Lang.Say("in the draft box", "已存草稿")
	switch p.Job.Mode {
	case ModePublish:
		outcome = p.Job.Lang.Say("published", "已发布")
		res.Address, err = p.release(ctx, draft, d)
	case ModeMass:
		outcome = p.Job.Lang.Say("sent to its audience", "已群发")
		res.Address = "" // the draft's ends with it, and that of the article is told to nobody but the callback URL
		err = p.broadcast(ctx, draft)
	}
	if err == nil {
		res.Outcome = outcome
	}
	return res, err
}
