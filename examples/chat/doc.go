// Command chat talks to a model of any OpenAI-style API in the terminal, or answers once what comes through a pipe.
//
//	go run ./examples/chat                                # without keys: a fake in this process
//	go run ./examples/chat -history talk.json -v          # keeps the conversations, and shows the tokens used
//	echo "Explain this" | go run ./examples/chat -attach main.go
//
// A model is real when LLM_BASE_URL and LLM_MODEL are in the environment, with LLM_KEY unless it is a local server's, and
// LLM_IMAGE_MODEL for pictures. The first lines say what is real and what is not.
//
//	deepseek-reasoner at a fake inside this process
//	Type a message, or /help. Ctrl-C stops an answer, Ctrl-D ends.
//	you> /attach notes.md cat.png
//	attached: notes.md (text, 12 lines, 431 bytes)
//	attached: cat.png (picture, image/png, 48.2 KiB)
//	with the next message goes:
//	  notes.md (text, 12 lines, 431 bytes)
//	  cat.png (picture, image/png, 48.2 KiB)
//	you> What is in \
//	...> these two?
//	sent with: notes.md (text, 12 lines, 431 bytes), cat.png (picture, image/png, 48.2 KiB)
//	(thinking: This is message 1 of the user, with 26 characters, 1 file and 1 picture. I understand none of it, and …
//	I am **not a model**: this is the fake server of package llmtest, inside your own process. What I got is this:
//
//	> What is in
//	^Cstopped; what came is kept; /retry asks again
//	you> /title
//	title: A talk with a fake
//	you> /image a red kite
//	saved: a-red-kite-20261127-081500.png (image/png, 1.1 KiB); /attach sends it with a message
//	you> /quit
//
// # Answers
//
// An answer is shown as it comes, and reasoning dimmed, where standard output is a terminal and NO_COLOR is not set. It
// goes to standard output and everything else to standard error, so that a pipe gets the answer alone. Whatever comes from
// elsewhere cannot drive the terminal: control characters of an answer, an error or a file's name are shown as pictures
// (␛), and marks that turn the direction of writing are replaced.
//
// Ctrl-C stops an answer, a second one while that is under way the program, and at the prompt one is enough. What has come
// of an answer is kept, however it ended, marked with why it is not whole; it goes along with the next message, and /retry
// puts another in its place. An error says what can be done about it.
//
// # Attachments
//
// A text in UTF-8 of at most 256 KiB goes as a block of the message that names it ([llm.File]), a PNG, JPEG, GIF or WebP
// of at most 10 MiB as a picture ([llm.Image]); at most 20 files and 20 MiB go with one message. Anything else is refused
// when it is attached, and nothing leaves before a message is sent.
//
// /image makes a picture and saves it under a new name in the folder -out. A real provider charges for each, so it is made
// only after a typed yes, or with -yes; when its answer is lost it is not asked for again.
//
// # History
//
// With -history, a JSON file holds all conversations, readable by its owner only, replaced as a whole before a question
// leaves and after its answer has come. Texts are in it as they were sent. Of pictures it has the path and the SHA-256: the
// file stays small and is written quickly; a picture that is gone or was changed is reported, and the model told so in its
// place. A file that is damaged, or of another program, is reported and left as it is. So is one that something else has
// changed in the meantime: this program's history then goes into another beside it.
//
// # Limits
//
// The line editor takes 4096 characters a line, and says so when that may have cut one. It counts every character as one
// column: editing in the middle of a line of Chinese puts the cursor beside where it is. A talk is sent as a whole each
// time; nothing shortens it.
//
// # Where things are
//
// main.go reads flags; session.go is the loop, and what a signal does; answer.go a question and its answer; commands.go
// and picture.go what begins with a slash; input.go the keyboard, screen.go the screen, history.go and attach.go the files;
// platform.go the provider, and fake.go the one without keys.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was sent), 3 the answer to a pipe came in part only, 130 interrupted.
package main
