// Package tinygguf writes a language model that is complete, of a few hundred kilobytes, and knows nothing: its weights are
// random. A server that loads models of llama's architecture, such as Ollama and llama.cpp, runs it in no time, so that a
// test can speak to the real thing without downloading gigabytes.
//
// The same seed gives the same bytes. What the model says is nonsense, made of the words of its vocabulary; it hardly
// ever ends by itself, so that the length of an answer is what the request allows.
//
// Source: the GGUF specification, version 3, of the ggml project (read 2026-11).
package tinygguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// The shape of the model.
const (
	width   = 64 // of an embedding
	layers  = 2
	hidden  = 128 // of the feed-forward part
	heads   = 4
	context = 2048 // tokens
)

// Names of types in a file.
const (
	typeUint32  = 4
	typeInt32   = 5
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9
)

// Kinds of tokens.
const (
	tokenNormal  = 1
	tokenUnknown = 2
	tokenControl = 3
	tokenByte    = 6
)

const (
	unknown, begin, end = 0, 1, 2 // tokens that every vocabulary of this kind begins with
	alignment           = 32      // of the tensors, in bytes
)

// words is the vocabulary but for the bytes. It needs the letters of JSON, for servers that force it upon a model.
const words = "the a of to and in is it that for was on are with as at be this have from or one had by word but not what all " +
	"were we when your can said there use an each which she do how their if will up other about out many then them these so " +
	"some her would make like him into time has look two more write go see number no way could people my than first water " +
	"been call who oil its now find long down day did get come made may part light air wave sky blue red sea sun cloud " +
	"天 地 人 风 水 火 山 海 光 蓝 色 的 是 不 了 在 有 我 你 他 这 个 们 中 来 上 大 和 ， 。 ！ ？ " +
	"0 1 2 3 4 5 6 7 8 9 { } [ ] : , . - true false null name value city"

// Model is a whole file.
func Model(seed uint64) []byte {
	vocab := vocabulary()
	tensors := tensors(len(vocab.texts))
	w := &writer{}
	w.raw("GGUF")
	w.uint32(3) // version
	w.uint64(uint64(len(tensors)))
	values := w.reserve()
	metadata(w, vocab)
	w.set(values, uint64(w.values))
	offset := 0
	for _, t := range tensors {
		w.string(t.name)
		w.uint32(uint32(len(t.dims)))
		for _, d := range t.dims {
			w.uint64(uint64(d))
		}
		w.uint32(0) // 32-bit floats
		w.uint64(uint64(offset))
		offset += aligned(4 * t.count())
	}
	w.align()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, t := range tensors {
		for i := range t.count() {
			w.float32(t.weight(random, i, vocab))
		}
		w.align()
	}
	return w.Bytes()
}

func metadata(w *writer, vocab vocab) {
	w.text("general.architecture", "llama")
	w.text("general.name", "tiny")
	w.number("general.file_type", 0) // all 32-bit floats
	w.number("general.quantization_version", 2)
	w.number("llama.vocab_size", len(vocab.texts))
	w.number("llama.context_length", context)
	w.number("llama.embedding_length", width)
	w.number("llama.block_count", layers)
	w.number("llama.feed_forward_length", hidden)
	w.number("llama.rope.dimension_count", width/heads)
	w.number("llama.attention.head_count", heads)
	w.number("llama.attention.head_count_kv", heads)
	w.float("llama.attention.layer_norm_rms_epsilon", 1e-5)
	w.float("llama.rope.freq_base", 10000)
	w.text("tokenizer.ggml.model", "llama")
	w.text("tokenizer.ggml.pre", "default")
	w.array("tokenizer.ggml.tokens", typeString, len(vocab.texts), func(i int) { w.string(vocab.texts[i]) })
	w.array("tokenizer.ggml.scores", typeFloat32, len(vocab.texts), func(i int) { w.float32(-float32(i)) }) // earlier ones win
	w.array("tokenizer.ggml.token_type", typeInt32, len(vocab.texts), func(i int) { w.uint32(vocab.kinds[i]) })
	w.number("tokenizer.ggml.bos_token_id", begin)
	w.number("tokenizer.ggml.eos_token_id", end)
	w.number("tokenizer.ggml.unknown_token_id", unknown)
	w.bool("tokenizer.ggml.add_bos_token", true)
	w.bool("tokenizer.ggml.add_eos_token", false)
}

type vocab struct {
	texts []string
	kinds []uint32
}

func vocabulary() vocab {
	v := vocab{texts: []string{"<unk>", "<s>", "</s>"}, kinds: []uint32{tokenUnknown, tokenControl, tokenControl}}
	for b := range 256 {
		v.texts, v.kinds = append(v.texts, fmt.Sprintf("<0x%02X>", b)), append(v.kinds, tokenByte)
	}
	for word := range strings.FieldsSeq(words) {
		for _, text := range []string{"\u2581" + word, word} { // the block stands for the space before a word
			v.texts, v.kinds = append(v.texts, text), append(v.kinds, tokenNormal)
		}
	}
	return v
}

type tensor struct {
	name string
	dims []int // the first changes fastest
}

func tensors(vocab int) []tensor {
	all := []tensor{
		{"token_embd.weight", []int{width, vocab}},
		{"output_norm.weight", []int{width}},
		{"output.weight", []int{width, vocab}},
	}
	for i := range layers {
		for _, t := range []tensor{
			{"attn_norm", []int{width}},
			{"attn_q", []int{width, width}},
			{"attn_k", []int{width, width}},
			{"attn_v", []int{width, width}},
			{"attn_output", []int{width, width}},
			{"ffn_norm", []int{width}},
			{"ffn_gate", []int{width, hidden}},
			{"ffn_up", []int{width, hidden}},
			{"ffn_down", []int{hidden, width}},
		} {
			all = append(all, tensor{fmt.Sprintf("blk.%d.%s.weight", i, t.name), t.dims})
		}
	}
	return all
}

func (t tensor) count() int {
	n := 1
	for _, d := range t.dims {
		n *= d
	}
	return n
}

// weight is the i-th number of the tensor. Norms are 1. Rows of the output that stand for a byte or a control token are 0,
// which next to the wide spread of the others makes them rare, the end of the answer among them.
func (t tensor) weight(random *rand.Rand, i int, v vocab) float32 {
	switch {
	case strings.HasSuffix(t.name, "norm.weight"):
		return 1
	case t.name == "output.weight" && v.kinds[i/width] != tokenNormal:
		return 0
	case t.name == "output.weight":
		return float32(random.NormFloat64() * 0.5)
	}
	return float32(random.NormFloat64() * 0.3)
}

// writer writes the little-endian parts of a file.
type writer struct {
	bytes.Buffer

	values int // of the metadata, so far
}

func (w *writer) raw(s string)      { w.WriteString(s) }
func (w *writer) uint32(n uint32)   { w.Write(binary.LittleEndian.AppendUint32(nil, n)) }
func (w *writer) uint64(n uint64)   { w.Write(binary.LittleEndian.AppendUint64(nil, n)) }
func (w *writer) float32(f float32) { w.uint32(math.Float32bits(f)) }

func (w *writer) string(s string) {
	w.uint64(uint64(len(s)))
	w.raw(s)
}

func (w *writer) key(name string, kind uint32) {
	w.values++
	w.string(name)
	w.uint32(kind)
}

func (w *writer) text(name, value string) {
	w.key(name, typeString)
	w.string(value)
}

func (w *writer) number(name string, value int) {
	w.key(name, typeUint32)
	w.uint32(uint32(value))
}

func (w *writer) float(name string, value float32) {
	w.key(name, typeFloat32)
	w.float32(value)
}

func (w *writer) bool(name string, value bool) {
	w.key(name, typeBool)
	if value {
		w.WriteByte(1)
	} else {
		w.WriteByte(0)
	}
}

func (w *writer) array(name string, kind uint32, n int, write func(i int)) {
	w.key(name, typeArray)
	w.uint32(kind)
	w.uint64(uint64(n))
	for i := range n {
		write(i)
	}
}

// reserve leaves room for a number that is not known yet, and set writes it there.
func (w *writer) reserve() int {
	w.uint64(0)
	return w.Len() - 8
}

func (w *writer) set(at int, n uint64) { binary.LittleEndian.PutUint64(w.Bytes()[at:], n) }

func (w *writer) align() { w.Write(make([]byte, aligned(w.Len())-w.Len())) }

func aligned(n int) int { return (n + alignment - 1) / alignment * alignment }
