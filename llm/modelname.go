package llm

import (
	"cmp"
	"strconv"
	"strings"
)

// ModelName is what a model's name says of the model. A field is empty, or 0, where the name does not say. Every text is
// in lower case but Tag.
type ModelName struct {
	// Vendor is what stands before the slash: "deepseek-ai" in "deepseek-ai/DeepSeek-R1". In a path of several parts it is
	// the one before the name, "unsloth" in "hf.co/unsloth/Qwen3-8B-GGUF", and empty where that is "models". In
	// "anthropic.claude-3-haiku" it is what stands before the dot.
	Vendor string
	// Family is the first word without its version: "gpt", "qwen", "o" in "o3-mini"; two words for some, such as "dall-e",
	// "gpt-oss" and "text-embedding".
	Family string
	// Version is as written, with its letters: "4o", "r1", "v0.3", "002". Written apart it gets its dot: "3.5" for "3-5"
	// and for "v3p5".
	Version string
	// Variant is every word that is nothing else, in order: "mini", "instruct", "preview". Those of the tag are among them,
	// such as OpenRouter's "free".
	Variant []string
	// Method is how the model was made from another: "distill", or "ft" for a fine-tuned one.
	Method string
	// Base is the family that it was made from, with a version that is glued to it: "llama", "qwen3".
	Base string
	// Params is the number of parameters in billions: 0.022 for "22m", 1000 for "1t". Of a mixture of experts that is
	// written as "8x7b" it is that of one expert.
	Params float64
	// Active is the number of parameters, in billions, that work on one token: 22 in "235b-a22b".
	Active float64
	// Experts is the number of experts in a mixture: 8 in "8x7b", 16 in "17b-16e".
	Experts int
	// Context is how many tokens the model takes: 131072 for "128k".
	Context int
	// Date is "2024-07-18" for a whole date, however it is written, and "2024-08" for the month of a year ("08-2024"). A
	// shorter one is as written: "0613" (month and day) and "2507" (year and month) cannot always be told apart.
	Date string
	// Quant is the quantisation: "q4_k_m", "awq", "gptq-int4".
	Quant string
	// Tag is what stands behind the colon, as written: "8b-instruct-q4_K_M", "free". Its words are read like the others
	// too, since Ollama puts size, variant and quantisation there.
	Tag string

	raw string
}

// ParseModel reads a model's name, such as those that [Client.Models] lists. It never fails: a word that it does not know
// is a variant. It knows how names are made, not which models there are, so that it reads new ones too; what it says is
// what the name says, and no more than that.
//
//   - "ft:BASE:org:suffix:id", OpenAI's way to name a fine-tuned model, is read as BASE, with the method "ft".
//   - "vendor/name" and "name:tag" are taken apart. Of the name a date such as -2024-07-18 is taken out, and the rest is
//     split at the hyphens, or at signs. A leading "meta-" before a family and the ending ".gguf" are dropped.
//   - The first word is the family, with the version that is glued to it ("qwen2.5").
//   - Each further word is the first of these that fits: a size ("70b", "8x7b", "a22b", "16e"), a context ("128k", or a
//     power of two from 8192 to 131072), a quantisation, a method, a date, the version if there is none yet, the base, a
//     variant. Where a size comes twice, the second is a variant, or a context if it is written as "1m".
//
// Source: names in the model lists of the providers and in Ollama's library (read 2026-11).
func ParseModel(name string) ModelName {
	m := ModelName{raw: name}
	rest := name
	tuned := len(name) >= 3 && strings.EqualFold(name[:3], "ft:")
	if tuned {
		rest, _, _ = strings.Cut(name[3:], ":")
	}
	if path, last, ok := cutLast(rest, '/'); ok {
		m.Vendor = vendorOf(strings.ToLower(path))
		rest = last
	}
	rest, m.Tag, _ = strings.Cut(rest, ":")
	var buf [16]string // enough for nearly every name, and on the stack
	words := m.split(strings.TrimSuffix(strings.ToLower(rest), ".gguf"), buf[:0])
	m.read(m.first(words))
	m.read(m.split(strings.ToLower(m.Tag), buf[:0]))
	if tuned {
		m.Method = methodTuned
	}
	return m
}

// String is the name as it was given to [ParseModel].
func (m ModelName) String() string { return m.raw }

// Fields is what was read, on one line: "family=llama version=3.1 variant=instruct params=8B". Fields that the name does
// not have are left out; variants are joined by commas, and texts with white space or quotes in them are quoted.
func (m ModelName) Fields() string {
	var b strings.Builder
	text := func(name, value string) {
		if value == "" {
			return
		}
		if strings.ContainsAny(value, ` "=`) || strconv.Quote(value) != `"`+value+`"` {
			value = strconv.Quote(value)
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(value)
	}
	billions := func(name string, n float64) {
		if n != 0 {
			text(name, strconv.FormatFloat(n, 'f', -1, 64)+"B")
		}
	}
	count := func(name string, n int) {
		if n != 0 {
			text(name, strconv.Itoa(n))
		}
	}
	text("vendor", m.Vendor)
	text("family", m.Family)
	text("version", m.Version)
	text("variant", strings.Join(m.Variant, ","))
	text("method", m.Method)
	text("base", m.Base)
	billions("params", m.Params)
	billions("active", m.Active)
	count("experts", m.Experts)
	count("context", m.Context)
	text("date", m.Date)
	text("quant", m.Quant)
	text("tag", m.Tag)
	return b.String()
}

// vendorOf is the vendor in a path without its last part. "models" in a longer path is where a provider keeps them
// (accounts/fireworks/models/…), and the parts before it are accounts, projects and folders.
func vendorOf(path string) string {
	_, last, several := cutLast(path, '/')
	if several && last == "models" {
		return ""
	}
	return last
}

// cutLast is strings.Cut at the last sep. Without one, all of s stands after it.
func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	return s[:max(i, 0)], s[i+1:], i >= 0
}

// split takes the date out of a part of the name and splits the rest into words.
func (m *ModelName) split(part string, words []string) []string {
	part, date := cutDate(part)
	m.Date = cmp.Or(m.Date, date)
	for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return r == '-' || r == '@' }) {
		if i := strings.LastIndexByte(word, '.'); i > 0 && isQuant(word[i+1:]) && !isQuant(word) { // files: llama-3-8b.Q4_K_M.gguf
			words = append(words, word[:i])
			word = word[i+1:]
		}
		words = append(words, word)
	}
	return words
}

// first reads the family and returns the words behind it. A name that begins with a digit has its family later, if it has
// one.
func (m *ModelName) first(words []string) []string {
	if len(words) > 1 && words[0] == "meta" && isFamily(words[1]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	if before, word, ok := cutLast(words[0], '.'); ok && word != "" && isLetter(word[0]) {
		if _, vendor, _ := cutLast(before, '.'); isVendor(vendor) { // us.anthropic.claude-…
			m.Vendor = cmp.Or(m.Vendor, vendor)
			words[0] = word
		}
	}
	if n := m.setFamily(words); n > 0 {
		return words[n:]
	}
	return words
}

// setFamily takes the family from the beginning of words and returns how many words it took.
func (m *ModelName) setFamily(words []string) int {
	n, prefix := 1, ""
	if twoWords(words) {
		n, prefix = 2, words[0]+"-"
	}
	word := words[n-1]
	letters, glued := cutGlued(word)
	switch version, more := cutVersion(glued); {
	case letters == "":
		return 0
	case glued == "":
		m.Family = prefix + letters
	case m.size(glued, false): // command-r7b
		m.Family = prefix + letters
	case version != "" && more == "":
		m.Family, m.Version = prefix+letters, version
	case version != "" && isFamily(letters): // qwen2.5vl
		m.Family, m.Version, m.Variant = prefix+letters, version, append(m.Variant, more)
	default:
		m.Family = prefix + word // c4ai
	}
	return n
}

// read reads the words behind the family.
func (m *ModelName) read(words []string) {
	for len(words) > 0 {
		words = words[m.word(words):]
	}
}

// word reads the first of words, and the next one where both make one thing, and returns how many it took. A thing that
// the name has already is a variant, unless it says the same.
func (m *ModelName) word(words []string) int {
	w := words[0]
	if m.size(w, true) || m.window(w) {
		return 1
	}
	if isQuant(w) {
		switch {
		case m.Quant == "":
			m.Quant = w
		case !strings.HasSuffix(m.Quant, w):
			m.Quant += "-" + w // gptq-int4
		}
		return 1
	}
	if w == methodDistilled || w == methodTuned {
		m.set(&m.Method, w)
		return 1
	}
	if date, n := dateOf(words); n > 0 {
		if m.Date == "" || m.Date == date {
			m.Date = date
			return n
		}
		m.Variant = append(m.Variant, w)
		return 1
	}
	if m.Version == "" {
		if len(words) > 1 && len(w) == 1 && len(words[1]) == 1 && isDigits(w+words[1]) {
			m.Version = w + "." + words[1]
			return 2
		}
		if version, more := cutVersion(w); version != "" && more == "" {
			m.Version = version
			return 1
		}
	}
	n := 1
	if twoWords(words) {
		n = 2
	}
	switch {
	case n == 1 && !isFamily(w):
		m.Variant = append(m.Variant, w)
	case m.Family == "" && m.Base == "":
		return m.setFamily(words)
	default:
		m.set(&m.Base, strings.Join(words[:n], "-"))
	}
	return n
}

// set sets a field that is empty; a word that comes too late is a variant.
func (m *ModelName) set(field *string, word string) {
	switch *field {
	case "":
		*field = word
	case word:
	default:
		m.Variant = append(m.Variant, word)
	}
}
