package llm

import (
	"strconv"
	"strings"
)

// The words of model names, in lower case. All lists that ParseModel goes by are in this file.

const (
	methodDistilled = "distill"
	methodTuned     = "ft"
)

// isFamily reports whether a word is a family, alone or with its version glued to it, that other models are made
// from. The first word of a name is one without being in this list. Words that also say what a model is for, such as
// "codex" or "sonar", must not be in it.
func isFamily(word string) bool {
	letters, glued := cutGlued(word)
	switch letters {
	case "baichuan", "bert", "bloom", "chatglm", "claude", "codegemma", "codellama", "codeqwen", "codestral", "dbrx", "deepseek",
		"devstral", "doubao", "ernie", "falcon", "gemini", "gemma", "glm", "gpt", "granite", "grok", "hunyuan", "internlm", "internvl",
		"jamba", "kimi", "llama", "llava", "magistral", "minicpm", "minimax", "ministral", "mistral", "mixtral", "moonshot", "mpt",
		"olmo", "phi", "pixtral", "pythia", "qvq", "qwen", "qwq", "smollm", "solar", "stablelm", "starcoder", "tinyllama", "vicuna",
		"voxtral", "whisper", "yi":
	default:
		return false
	}
	version, _ := cutVersion(glued)
	return glued == "" || version != ""
}

// twoWords reports whether words begin with a family of two words, the second perhaps with its version glued to it.
func twoWords(words []string) bool {
	if len(words) < 2 {
		return false
	}
	second, _ := cutGlued(words[1])
	switch words[0] {
	case "all":
		return second == "minilm"
	case "chatgpt":
		return second == "image"
	case "code":
		return second == "davinci" || second == "llama"
	case "command":
		return second == "r" || second == "a"
	case "computer":
		return second == "use"
	case "dall":
		return second == "e"
	case "gpt":
		return second == "image" || second == "oss"
	case "nous":
		return second == "hermes"
	case "omni":
		return second == "moderation"
	case "open":
		return second == "codestral" || second == "mistral" || second == "mixtral"
	case "stable":
		return second == "diffusion"
	case "text":
		return second == "bison" || second == "davinci" || second == "embedding" || second == "moderation"
	}
	return false
}

// isVendor reports whether a word is a vendor as clouds write it before a dot: "anthropic.claude-3-haiku".
func isVendor(word string) bool {
	switch word {
	case "ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "meta", "minimax", "mistral", "moonshot", "nvidia", "openai",
		"qwen", "stability", "writer", "zai":
		return true
	}
	return false
}

// isQuant reports whether a word is a quantisation: q4_k_m, iq2_xxs, fp8, awq, w4a16, 4bit, 4.0bpw.
func isQuant(word string) bool {
	switch word {
	case "2bit", "3bit", "4bit", "5bit", "6bit", "8bit", "aqlm", "awq", "bf16", "bnb", "exl2", "exl3", "f16", "f32", "fp16", "fp32",
		"fp4", "fp8", "gptq", "hqq", "int4", "int8", "mxfp4", "mxfp8", "nf4", "nvfp4", "q4", "q5", "q6", "q8":
		return true
	}
	if head, _, ok := strings.Cut(word, "_"); ok {
		if head == "fp8" || head == "mxfp4" {
			return true
		}
		if len(head) == 3 && (head[0] == 'i' || head[0] == 't') {
			head = head[1:]
		}
		return len(head) == 2 && head[0] == 'q' && isDigit(head[1])
	}
	if bits, ok := strings.CutSuffix(word, "bpw"); ok {
		return isDecimal(bits)
	}
	if weights, activations, ok := strings.Cut(strings.TrimPrefix(word, "w"), "a"); ok && word[0] == 'w' {
		return isDigits(weights) && isDigits(activations)
	}
	return false
}

// size reads a number of parameters or experts; in a glued one only billions count.
func (m *ModelName) size(word string, all bool) bool {
	if len(word) < 2 {
		return false
	}
	number, unit := word[:len(word)-1], word[len(word)-1]
	switch {
	case !all && unit != 'b':
		return false
	case unit == 'e':
		n, ok := parseCount(number)
		return ok && setOnce(m, &m.Experts, n, word)
	case unit == 'm' && m.Params != 0 && len(number) <= 3: // …-7b-instruct-1m
		n, ok := parseCount(number)
		return ok && setOnce(m, &m.Context, n<<20, word)
	case unit == 'b' && number[0] == 'a':
		n, ok := parseBillions(number[1:], unit)
		return ok && setOnce(m, &m.Active, n, word)
	}
	if experts, each, ok := strings.Cut(number, "x"); ok && unit == 'b' {
		n, ok1 := parseCount(experts)
		p, ok2 := parseBillions(each, unit)
		if !ok1 || !ok2 {
			return false
		}
		if setOnce(m, &m.Params, p, word); m.Params == p { // else the word is a variant now
			setOnce(m, &m.Experts, n, word)
		}
		return true
	}
	n, ok := parseBillions(number, unit)
	return ok && setOnce(m, &m.Params, n, word)
}

// window reads a length of the context.
func (m *ModelName) window(word string) bool {
	switch word {
	case "8192", "16384", "32768", "65536", "131072":
		n, _ := parseCount(word)
		return setOnce(m, &m.Context, n, word)
	}
	number, ok := strings.CutSuffix(word, "k")
	if !ok {
		return false
	}
	n, ok := parseCount(number)
	return ok && setOnce(m, &m.Context, n<<10, word)
}

// setOnce sets a number that is not known yet; another one than the known is a variant. It is always true.
func setOnce[T int | float64](m *ModelName, field *T, n T, word string) bool {
	switch *field {
	case 0:
		*field = n
	case n:
	default:
		m.Variant = append(m.Variant, word)
	}
	return true
}

// parseCount reads a count from 1 to 999999: 1024 times as many still fit into an int of 32 bits.
func parseCount(s string) (int, bool) {
	if !isDigits(s) || len(s) > 6 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0
}

// parseBillions reads a number with the unit b, m or t as billions.
func parseBillions(s string, unit byte) (float64, bool) {
	if !isDecimal(s) || len(s) > 12 {
		return 0, false
	}
	switch unit {
	case 'b':
	case 'm':
		s += "e-3" // and not a division, which would make 0.022100000000000002 of 22.1
	case 't':
		s += "e3"
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && n > 0
}

// cutGlued splits a word before its first digit: qwen2.5 is qwen and 2.5. A dot or line between them goes.
func cutGlued(word string) (letters, glued string) {
	i := strings.IndexAny(word, "0123456789")
	if i < 0 {
		return word, ""
	}
	return strings.TrimRight(word[:i], "._"), word[i:]
}

// cutVersion reads a version, [a-z]?N(.N)*[a-z]?, at the beginning of a word; more is what follows, if that is two or more
// letters. A "p" or a line may stand for the dot, in which case a "v" in front goes: v3p1 is 3.1. Empty = there is none.
func cutVersion(word string) (version, more string) {
	start := 0
	if word != "" && isLetter(word[0]) {
		start = 1
	}
	end, rewrite := start, false
	for end < len(word) {
		c, joins := word[end], false
		if end > start && end+1 < len(word) && isDigit(word[end+1]) {
			joins = c == '.' || c == 'p' || c == '_'
			rewrite = rewrite || joins && c != '.'
		}
		if !joins && !isDigit(c) {
			break
		}
		end++
	}
	if end == start {
		return "", ""
	}
	more = word[end:]
	if strings.ContainsFunc(more, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return "", ""
	}
	if len(more) == 1 {
		end, more = end+1, ""
	}
	version = word[:end]
	if rewrite {
		version = word[:start] + strings.NewReplacer("p", ".", "_", ".").Replace(word[start:end-1]) + word[end-1:end]
		version = strings.TrimPrefix(version, "v")
	}
	return version, more
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isDigits reports whether s is digits, one or more.
func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isDecimal reports whether s is digits, perhaps with a dot among them.
func isDecimal(s string) bool {
	whole, fraction, ok := strings.Cut(s, ".")
	return isDigits(whole) && (!ok || isDigits(fraction))
}
