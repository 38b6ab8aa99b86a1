package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/llm"
)

// Turn is one message of a conversation.
type Turn struct {
	Role      llm.Role  `json:"role"` // user or assistant
	Text      string    `json:"text"`
	Reasoning string    `json:"reasoning,omitempty"`
	Refusal   string    `json:"refusal,omitempty"`
	Files     []File    `json:"files,omitempty"`
	Pictures  []Picture `json:"pictures,omitempty"`
	Model     string    `json:"model,omitempty"` // that gave the answer
	Cut       string    `json:"cut,omitempty"`   // why the answer is not whole; empty = it is
	At        time.Time `json:"at"`
}

// Conversation is turns under a title.
type Conversation struct {
	Title string `json:"title,omitempty"`
	Turns []Turn `json:"turns"`
}

// Name is the title, or the beginning of what was said first.
func (c *Conversation) Name() string {
	if c.Title != "" || len(c.Turns) == 0 {
		return cmp.Or(c.Title, "(nothing said yet)")
	}
	return head(strings.Join(strings.Fields(c.Turns[0].Text), " "), 40)
}

// Messages is the conversation as a model gets it. A part of an answer goes as far as it came; a turn of which nothing
// but reasoning or a refusal came is left out.
func (c *Conversation) Messages(system string) []llm.Message {
	var out []llm.Message
	if system != "" {
		out = append(out, llm.System(system))
	}
	for _, t := range c.Turns {
		switch {
		case t.Role == llm.RoleUser:
			out = append(out, t.message())
		case t.Text != "":
			out = append(out, llm.Assistant(t.Text))
		}
	}
	return out
}

func (t Turn) message() llm.Message {
	var parts []llm.Part
	for _, f := range t.Files {
		parts = append(parts, llm.File(f.Name, f.Text))
	}
	for _, p := range t.Pictures {
		if p.data == nil {
			parts = append(parts, llm.File(p.Path, "(a picture that is no longer there)"))
			continue
		}
		parts = append(parts, llm.Image(p.data))
	}
	return llm.User(t.Text, parts...)
}

// archiveFormat names the form of the file; another name is of another program, or of a later version of this one.
const archiveFormat = "kitroll-chat/1"

// maxArchive bounds the history file.
const maxArchive = 64 << 20

// Archive is the conversations of a history file, and the one that is going on. Without a file it only lives in memory.
type Archive struct {
	Format        string          `json:"format"`
	Current       int             `json:"current"`
	Conversations []*Conversation `json:"conversations"`

	path string
	sum  [sha256.Size]byte // of the file as this program knows it
	gone []string          // pictures that are not what they were
}

// OpenArchive reads the history file at path, and the pictures that it names. A file that cannot be read as a history is
// an error, and stays as it is; one that does not exist is made by the first Save.
func OpenArchive(path string) (*Archive, error) {
	a := &Archive{Format: archiveFormat, path: path, Conversations: []*Conversation{{}}}
	if path == "" {
		return a, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		a.path = target // else the rename would put a file in place of the link
	}
	info, err := os.Stat(a.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(a.path)); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("-history: there is no folder %s", filepath.Dir(a.path))
		}
		return a, nil
	case err != nil:
		return nil, fmt.Errorf("-history: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxArchive:
		return nil, fmt.Errorf("-history: %s is not a regular file of at most %s", path, size(maxArchive))
	}
	data, err := os.ReadFile(a.path)
	if err != nil {
		return nil, fmt.Errorf("-history: %w", err)
	}
	a.sum = sha256.Sum256(data)
	if err := a.decode(data); err != nil {
		return nil, fmt.Errorf("-history: %s is damaged, or no history of this program: %w", path, err)
	}
	a.loadPictures()
	return a, nil
}

func (a *Archive) decode(data []byte) error {
	var read Archive
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	switch {
	case read.Format != archiveFormat:
		return fmt.Errorf("its format is %q, not %q", head(read.Format, 40), archiveFormat)
	case len(read.Conversations) == 0 || read.Current < 0 || read.Current >= len(read.Conversations):
		return errors.New("it names no conversation")
	}
	for _, c := range read.Conversations {
		if c == nil {
			return errors.New("a conversation is null")
		}
		for _, t := range c.Turns {
			if t.Role != llm.RoleUser && t.Role != llm.RoleAssistant {
				return fmt.Errorf("there is no role %q", head(string(t.Role), 40))
			}
		}
	}
	a.Current, a.Conversations = read.Current, read.Conversations
	return nil
}

// loadPictures reads what the history has by path and checks that it is still the same.
func (a *Archive) loadPictures() {
	for _, c := range a.Conversations {
		for _, t := range c.Turns {
			for i := range t.Pictures {
				p := &t.Pictures[i]
				now, err := readFile(p.Path, maxPicture)
				sum := sha256.Sum256(now)
				if err != nil || hex.EncodeToString(sum[:]) != p.SHA256 {
					a.gone = append(a.gone, p.Path)
					continue
				}
				p.data = now
			}
		}
	}
}

// Now is the conversation that is going on.
func (a *Archive) Now() *Conversation { return a.Conversations[a.Current] }

// Begin begins a conversation, unless the last one is still empty.
func (a *Archive) Begin() {
	if last := len(a.Conversations) - 1; len(a.Conversations[last].Turns) == 0 {
		a.Current = last
		return
	}
	a.Conversations = append(a.Conversations, &Conversation{})
	a.Current = len(a.Conversations) - 1
}

// Save writes the file, whole or not at all. When something else has changed it since, that stays, and this history goes
// into a file beside it, whose name comes back.
func (a *Archive) Save() (moved string, err error) {
	if a.path == "" {
		return "", nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(a); err != nil {
		return "", err
	}
	sum := sha256.Sum256(b.Bytes())
	if sum == a.sum || a.sum == [sha256.Size]byte{} && a.empty() {
		return "", nil
	}
	if now, err := os.ReadFile(a.path); err == nil && sha256.Sum256(now) != a.sum {
		ext := filepath.Ext(a.path)
		moved = strings.TrimSuffix(a.path, ext) + time.Now().Format("-20060102-150405.000") + ext
		a.path = moved
	}
	if err := atomicfile.Write(a.path, b.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("the history could not be saved: %w", err)
	}
	a.sum = sum
	return moved, nil
}

// empty says that nothing was said yet.
func (a *Archive) empty() bool { return len(a.Conversations) == 1 && len(a.Now().Turns) == 0 }
