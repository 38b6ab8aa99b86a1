package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/llm"
)

// commands is /help.
const commands = `  /attach FILE…    send these with the next message: texts, and pictures (PNG, JPEG, GIF, WebP);
                   alone: list them; /attach - drops them
  /image PROMPT    make a picture and save it; costs money at a real provider, so it asks
  /model [NAME]    list the models, or change to one
  /retry           ask for the last answer again
  /title [TEXT]    have the conversation named by the model, or name it
  /new             begin a new conversation
  /history [N]     show this conversation and list the others, or go on with number N
  /help            this
  /quit            end; so does Ctrl-D
  A line that ends in \ goes on in the next; """ begins and ends a text of several lines.
  A message that begins with / is typed with a blank before it.
`

// errQuit is /quit.
var errQuit = errors.New("quit")

// command does what a line says that begins with a slash.
func (s *session) command(ctx context.Context, line string) error {
	name, arg, _ := strings.Cut(line, " ")
	arg = strings.TrimSpace(arg)
	switch name {
	case "/attach":
		s.attachAll(arg)
	case "/image":
		return s.image(ctx, arg)
	case "/model":
		return s.changeModel(ctx, arg)
	case "/retry":
		return s.retry(ctx)
	case "/title":
		return s.title(ctx, arg)
	case "/new":
		s.archive.Begin()
		s.save()
		s.screen.Note("a new conversation")
	case "/history":
		s.history(arg)
	case "/help":
		s.screen.Say("%s", strings.TrimSuffix(commands, "\n"))
	case "/quit", "/exit":
		return errQuit
	default:
		s.screen.Problem(fmt.Errorf("there is no command %s", head(name, 40)), "/help lists them; a message that begins with / is typed with a blank before it")
	}
	return nil
}

func (s *session) attachAll(arg string) {
	switch arg {
	case "-":
		s.waiting = Attachments{}
		s.screen.Note("nothing is attached")
		return
	case "":
	default:
		for _, path := range paths(arg) {
			if err := s.attach(path); err != nil {
				s.screen.Problem(err, "")
			}
		}
	}
	if s.waiting.Len() == 0 {
		s.screen.Note("nothing is attached")
		return
	}
	s.screen.Say("with the next message goes:\n  %s", strings.Join(s.waiting.List(), "\n  "))
}

func (s *session) changeModel(ctx context.Context, name string) error {
	if name != "" {
		s.model = name
		s.screen.Note("the next answer is by %s", name)
		return nil
	}
	s.screen.Say("now: %s", s.model)
	err := s.busy(ctx, func(ctx context.Context) error {
		for m, err := range s.platform.Models(ctx, nil) {
			if err != nil {
				return err
			}
			mark, window := "  ", ""
			if m.ID == s.model {
				mark = "* "
			}
			if m.ContextLength > 0 {
				window = fmt.Sprintf("  (%d tokens)", m.ContextLength)
			}
			s.screen.Say("%s%s%s", mark, m.ID, window)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStopped) {
		s.screen.Problem(err, "/model NAME changes without the list")
	}
	return nil
}

// retry asks for another answer in place of the last one, which is kept if nothing comes.
func (s *session) retry(ctx context.Context) error {
	c := s.archive.Now()
	asked := len(c.Turns)
	for asked > 0 && c.Turns[asked-1].Role == llm.RoleAssistant {
		asked--
	}
	if asked == 0 {
		s.screen.Problem(errors.New("nothing was asked yet"), "")
		return nil
	}
	if s.waiting.Len() > 0 {
		s.screen.Note("what is attached stays for the next message")
	}
	before := c.Turns[asked:]
	c.Turns = c.Turns[:asked:asked]
	err := s.answer(ctx)
	if len(c.Turns) == asked {
		c.Turns = append(c.Turns, before...)
		s.save()
	}
	return err
}

func (s *session) title(ctx context.Context, name string) error {
	c := s.archive.Now()
	if name == "" {
		if len(c.Turns) == 0 {
			s.screen.Problem(errors.New("nothing was said yet that a title could be made of"), "")
			return nil
		}
		err := s.busy(ctx, func(ctx context.Context) (err error) {
			name, err = llm.Title(ctx, s.platform, &llm.Request{Model: s.model, Messages: c.Messages("")},
				&llm.TitleOptions{Language: "the language of the conversation", Limit: 30})
			return err
		})
		if errors.Is(err, errStopped) {
			s.screen.Note("stopped; the title is as before")
			return nil
		}
		if err != nil {
			s.screen.Problem(err, hint(err)+"; /title TEXT names it yourself")
			return nil
		}
	}
	c.Title = head(strings.Join(strings.Fields(name), " "), 100)
	s.screen.Say("title: %s", c.Title)
	s.save()
	return nil
}

// history shows the conversation and lists the others, or goes on with another.
func (s *session) history(arg string) {
	if arg != "" {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > len(s.archive.Conversations) {
			s.screen.Problem(fmt.Errorf("there is no conversation %s", head(arg, 40)), fmt.Sprintf("there are 1 to %d", len(s.archive.Conversations)))
			return
		}
		s.archive.Current = n - 1
		s.save()
	}
	c := s.archive.Now()
	s.screen.Say("== %s", c.Name())
	for _, t := range c.Turns {
		s.show(t)
	}
	if len(s.archive.Conversations) == 1 {
		return
	}
	s.screen.Say("-- /history N goes on with:")
	for i, other := range s.archive.Conversations {
		s.screen.Say("%3d  %s, %s", i+1, other.Name(), count(len(other.Turns), "message"))
	}
}

func (s *session) show(t Turn) {
	if t.Role == llm.RoleUser {
		s.screen.Say("%s%s", prompt, t.Text)
		for _, a := range (&Attachments{t.Files, t.Pictures}).List() {
			s.screen.Note("     with %s", a)
		}
		return
	}
	s.screen.Say("%s> %s", t.Model, t.Text+t.Refusal)
	if t.Cut != "" {
		s.screen.Note("     not whole: %s", t.Cut)
	}
}
