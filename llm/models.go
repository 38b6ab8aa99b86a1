package llm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

const opModels = "models"

// Model is one entry of a provider's list of models. Only its ID is always there.
type Model struct {
	ID      string    // what goes into [Request.Model]
	Created time.Time // in UTC; the zero time = the server does not say
	OwnedBy string
	// ContextLength is how many tokens the model takes; 0 = the server does not say. It is read from context_length
	// (OpenRouter), and from context_window, max_model_len and max_context_length, which Groq, vLLM and Mistral are said
	// to send (unverified).
	ContextLength int
	// Raw is the whole entry as it came: shutdown_date at OpenAI, pricing and architecture at OpenRouter …
	Raw json.RawMessage
}

// Name is [ParseModel] of the ID.
func (m Model) Name() ModelName { return ParseModel(m.ID) }

// ModelsOptions changes what [Client.Models] gives. The zero value, and nil, give all.
type ModelsOptions struct {
	// Match, if set, lets those models pass whose name it says yes to.
	Match func(ModelName) bool
	// ServerOrder keeps the order of the list, which some servers mean something by, instead of sorting it by ID.
	ServerOrder bool
}

// Models lists the models of the provider, sorted by ID, each once: of two with the same ID the first. Nothing is sent
// before a range over the sequence begins, and every range asks again. The list comes in one answer, whose size
// Limits.Body bounds; it has been read before the first model is yielded, so that nothing is open while the loop runs. An
// error is the last pair, and the only one.
//
// Read are {"data":[…]}, {"models":[…]} and a bare list, of objects or of names. An empty list is no error. Failures that
// may pass are repeated as [Config.Retry] says. What stands in the list is what the server tells of: that a model is
// there does not mean that it chats, nor that the key may use it.
//
// Errors: [*Error]; [ErrNotStream] for an answer that is no list, [ErrTruncated] for one that is cut or empty.
//
// Source: OpenAI's API reference, List models, and the answers of other servers (read 2026-11).
func (c *Client) Models(ctx context.Context, opts *ModelsOptions) iter.Seq2[Model, error] {
	var o ModelsOptions
	if opts != nil {
		o = *opts
	}
	return func(yield func(Model, error) bool) {
		models, err := c.models(ctx)
		if err != nil {
			yield(Model{}, err)
			return
		}
		if !o.ServerOrder {
			slices.SortFunc(models, func(a, b Model) int { return cmp.Compare(a.ID, b.ID) })
		}
		for _, m := range models {
			if o.Match != nil && !o.Match(m.Name()) {
				continue
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (c *Client) models(ctx context.Context) ([]Model, error) {
	ctx, cancel := c.answerTimeout(ctx)
	defer cancel()
	k := call{c: c, op: opModels, accept: acceptJSON}
	var models []Model
	err := k.retry(ctx, func(ctx context.Context) (err error) {
		models, err = k.models(ctx)
		return err
	}, (*Error).passing)
	return models, err
}

// models asks once.
func (k *call) models(ctx context.Context) ([]Model, error) {
	resp, err := k.send(ctx) //nolint:bodyclose // httpcall.Read closes it
	if err != nil {
		return nil, err
	}
	body := resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" && !resp.Uncompressed {
		body = &gunzip{src: body}
	}
	data, err := httpcall.Read(body, k.c.cfg.Limits.Body)
	e := k.fromHeader(resp)
	if errors.Is(err, httpcall.ErrTooLarge) {
		e.Kind, e.Err = ErrTooLarge, err
		return nil, k.finish(e)
	}
	if err != nil {
		e := k.failed(ctx, err)
		e.Status, e.RequestID = resp.StatusCode, requestID(resp.Header)
		return nil, e
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\uFEFF")))
	head := bytes.Clone(data[:min(len(data), 512)])
	models, err := parseModels(data)
	switch {
	case err == nil:
		return models, nil
	case errors.Is(err, errReported):
		return nil, k.reported(resp, data)
	case len(data) == 0:
		e.Kind, e.Message = ErrTruncated, ErrTruncated.Error()+": an empty answer"
	case (data[0] == '{' || data[0] == '[') && cutJSON(data):
		e.Kind, e.Message = ErrTruncated, ErrTruncated.Error()+": the list ends in the middle"
	default:
		e.Kind, e.Message = ErrNotStream, err.Error()+": "+plain(head)
	}
	e.Body = head
	return nil, k.finish(e)
}

var errNoList = errors.New("an answer that is no list of models")

// parseModels reads a list in any of its shapes. llama.cpp sends the same models under both names.
func parseModels(data []byte) ([]Model, error) {
	var d decoder
	c, ok := d.decode(data)
	if !ok {
		return nil, errNotJSON
	}
	lists := []json.RawMessage{data}
	switch {
	case data[0] == '[':
	case !c.isObject:
		return nil, errNoList
	default:
		if c.hasError || c.objectError {
			return nil, errReported
		}
		var w struct {
			Data   json.RawMessage `json:"data"`
			Models json.RawMessage `json:"models"`
		}
		if err := json.Unmarshal(data, &w); err != nil {
			return nil, errNoList
		}
		lists = []json.RawMessage{w.Data, w.Models}
		if isNull(w.Data) && isNull(w.Models) {
			switch {
			case c.complaint:
				return nil, errReported
			case w.Data == nil && w.Models == nil:
				return nil, errNoList
			}
			return nil, nil // Ollama without models: "data":null
		}
	}
	var models []Model
	seen := map[string]bool{}
	for _, list := range lists {
		if isNull(list) {
			continue
		}
		var entries []json.RawMessage
		if json.Unmarshal(list, &entries) != nil {
			return nil, errNoList
		}
		for _, entry := range entries {
			m, err := parseModel(entry)
			if err != nil {
				return nil, err
			}
			if !seen[m.ID] {
				seen[m.ID] = true
				models = append(models, m)
			}
		}
	}
	return models, nil
}

// parseModel reads one entry. Each member has been seen as another type somewhere; all but the ID do without.
func parseModel(entry json.RawMessage) (Model, error) {
	m := Model{ID: scalar(entry), Raw: entry}
	if m.ID == "" {
		var w struct {
			ID      json.RawMessage `json:"id"`
			Name    json.RawMessage `json:"name"`
			Model   json.RawMessage `json:"model"`
			Created json.RawMessage `json:"created"`
			OwnedBy json.RawMessage `json:"owned_by"`
			Error   json.RawMessage `json:"error"`

			ContextLength    json.RawMessage `json:"context_length"`
			ContextWindow    json.RawMessage `json:"context_window"`
			MaxModelLen      json.RawMessage `json:"max_model_len"`
			MaxContextLength json.RawMessage `json:"max_context_length"`
		}
		if json.Unmarshal(entry, &w) != nil {
			return m, errNoList
		}
		m.ID = cmp.Or(scalar(w.ID), scalar(w.Name), scalar(w.Model))
		m.OwnedBy = scalar(w.OwnedBy)
		if s := wholeNumber(w.Created); s > 0 {
			m.Created = time.Unix(s, 0).UTC()
		}
		for _, n := range []json.RawMessage{w.ContextLength, w.ContextWindow, w.MaxModelLen, w.MaxContextLength} {
			m.ContextLength = cmp.Or(m.ContextLength, int(min(wholeNumber(n), math.MaxInt32)))
		}
		if m.ID == "" && !isNull(w.Error) {
			return m, errReported // Gemini's errors are lists
		}
	}
	if m.ID == "" {
		return m, errNoList
	}
	return m, nil
}

// wholeNumber reads a count or a time in seconds, be it written as a float or as a string; 0 = there is none.
func wholeNumber(raw json.RawMessage) int64 {
	f, err := strconv.ParseFloat(scalar(raw), 64)
	if err != nil || !(f >= 1 && f < 1<<40) {
		return 0
	}
	return int64(f)
}
