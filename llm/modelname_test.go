package llm_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// The examples by which the rules were set.
func TestParseModel_rules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fields string
		want   llm.ModelName
	}{
		"deepseek-r1-distill-llama-8b": {
			"family=deepseek version=r1 method=distill base=llama params=8B",
			llm.ModelName{Family: "deepseek", Version: "r1", Method: "distill", Base: "llama", Params: 8},
		},
		"qwen3-235b-a22b-thinking-2507": {
			"family=qwen version=3 variant=thinking params=235B active=22B date=2507",
			llm.ModelName{Family: "qwen", Version: "3", Variant: []string{"thinking"}, Params: 235, Active: 22, Date: "2507"},
		},
		"llama3.1:8b-instruct-q4_K_M": {
			"family=llama version=3.1 variant=instruct params=8B quant=q4_k_m tag=8b-instruct-q4_K_M",
			llm.ModelName{Family: "llama", Version: "3.1", Variant: []string{"instruct"}, Params: 8, Quant: "q4_k_m", Tag: "8b-instruct-q4_K_M"},
		},
		"gpt-4o-mini-2024-07-18": {
			"family=gpt version=4o variant=mini date=2024-07-18",
			llm.ModelName{Family: "gpt", Version: "4o", Variant: []string{"mini"}, Date: "2024-07-18"},
		},
		"ft:gpt-4o-mini-2024-07-18:my-org:custom:id1": {
			"family=gpt version=4o variant=mini method=ft date=2024-07-18",
			llm.ModelName{Family: "gpt", Version: "4o", Variant: []string{"mini"}, Method: "ft", Date: "2024-07-18"},
		},
		"dall-e-3": {
			"family=dall-e version=3",
			llm.ModelName{Family: "dall-e", Version: "3"},
		},
		"claude-3-5-sonnet-20241022": {
			"family=claude version=3.5 variant=sonnet date=2024-10-22",
			llm.ModelName{Family: "claude", Version: "3.5", Variant: []string{"sonnet"}, Date: "2024-10-22"},
		},
		"mixtral-8x7b-32768": {
			"family=mixtral params=7B experts=8 context=32768",
			llm.ModelName{Family: "mixtral", Params: 7, Experts: 8, Context: 32768},
		},
		"gemini-2.5-flash-lite": {
			"family=gemini version=2.5 variant=flash,lite",
			llm.ModelName{Family: "gemini", Version: "2.5", Variant: []string{"flash", "lite"}},
		},
		"accounts/fireworks/models/llama-v3p1-405b-instruct": {
			"family=llama version=3.1 variant=instruct params=405B",
			llm.ModelName{Family: "llama", Version: "3.1", Variant: []string{"instruct"}, Params: 405},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := llm.ParseModel(name)
			assert.Equal(t, name, m.String())
			assert.Equal(t, tt.fields, m.Fields())
			assert.Equal(t, tt.want, llm.Unnamed(m))
		})
	}
}

// Names as they stand in the lists of providers and servers.
func TestParseModel_names(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{ // by family, and not aligned: the names differ too much in length
		{"o3-mini", "family=o version=3 variant=mini"},
		{"o1", "family=o version=1"},
		{"o4-mini-deep-research-2025-06-26", "family=o version=4 variant=mini,deep,research date=2025-06-26"},
		{"gpt-5.5", "family=gpt version=5.5"},
		{"gpt-5-codex", "family=gpt version=5 variant=codex"},
		{"gpt-5.1-codex-max", "family=gpt version=5.1 variant=codex,max"},
		{"gpt-4.1-nano", "family=gpt version=4.1 variant=nano"},
		{"chatgpt-4o-latest", "family=chatgpt version=4o variant=latest"},
		{"gpt-oss-120b", "family=gpt-oss params=120B"},
		{"gpt-oss:20b", "family=gpt-oss params=20B tag=20b"},
		{"gpt-image-1-mini", "family=gpt-image version=1 variant=mini"},
		{"gpt-image-2-2026-04-21", "family=gpt-image version=2 date=2026-04-21"},
		{"gpt-3.5-turbo-16k-0613", "family=gpt version=3.5 variant=turbo context=16384 date=0613"},
		{"gpt-4-1106-preview", "family=gpt version=4 variant=preview date=1106"},
		{"gpt-4-32k", "family=gpt version=4 context=32768"},
		{"gpt-4o-audio-preview-2024-12-17", "family=gpt version=4o variant=audio,preview date=2024-12-17"},
		{"text-embedding-3-small", "family=text-embedding version=3 variant=small"},
		{"text-embedding-ada-002", "family=text-embedding version=002 variant=ada"},
		{"text-embedding-v4", "family=text-embedding version=v4"},
		{"text-davinci-003", "family=text-davinci version=003"},
		{"omni-moderation-latest", "family=omni-moderation variant=latest"},
		{"davinci-002", "family=davinci version=002"},
		{"whisper-1", "family=whisper version=1"},
		{"whisper-large-v3-turbo", "family=whisper version=v3 variant=large,turbo"},
		{"distil-whisper-large-v3-en", "family=distil version=v3 variant=large,en base=whisper"},
		{"tts-1-hd", "family=tts version=1 variant=hd"},
		{"sora-2-pro", "family=sora version=2 variant=pro"},
		{"codex-mini-latest", "family=codex variant=mini,latest"},
		{"computer-use-preview", "family=computer-use variant=preview"},
		{"deepseek-chat", "family=deepseek variant=chat"},
		{"deepseek-reasoner", "family=deepseek variant=reasoner"},
		{"deepseek-v3.2-exp", "family=deepseek version=v3.2 variant=exp"},
		{"deepseek-v3.1-terminus", "family=deepseek version=v3.1 variant=terminus"},
		{"deepseek-v3-0324", "family=deepseek version=v3 date=0324"},
		{"deepseek-coder-v2-lite-instruct", "family=deepseek version=v2 variant=coder,lite,instruct"},
		{"deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "vendor=deepseek-ai family=deepseek version=r1 method=distill base=qwen params=32B"},
		{"Pro/deepseek-ai/DeepSeek-R1", "vendor=deepseek-ai family=deepseek version=r1"},
		{"DeepSeek-R1-0528-Qwen3-8B", "family=deepseek version=r1 base=qwen3 params=8B date=0528"},
		{"deepseek-r1:8b-0528-qwen3-q4_K_M", "family=deepseek version=r1 base=qwen3 params=8B date=0528 quant=q4_k_m tag=8b-0528-qwen3-q4_K_M"},
		{"deepseek-r1-distill-qwen-1.5b", "family=deepseek version=r1 method=distill base=qwen params=1.5B"},
		{"kimi-k2-0905-preview", "family=kimi version=k2 variant=preview date=0905"},
		{"kimi-k2.5", "family=kimi version=k2.5"},
		{"kimi-k2-thinking-turbo", "family=kimi version=k2 variant=thinking,turbo"},
		{"kimi-k2p5", "family=kimi version=k2.5"},
		{"moonshot-v1-128k", "family=moonshot version=v1 context=131072"},
		{"moonshot-v1-8k-vision-preview", "family=moonshot version=v1 variant=vision,preview context=8192"},
		{"glm-4.5-air", "family=glm version=4.5 variant=air"},
		{"glm-4v-plus-0111", "family=glm version=4v variant=plus date=0111"},
		{"glm-z1-32b-0414", "family=glm version=z1 params=32B date=0414"},
		{"glm-4-9b-chat-1m", "family=glm version=4 variant=chat params=9B context=1048576"},
		{"glm-5.3", "family=glm version=5.3"},
		{"qwen2.5-vl-72b-instruct-awq", "family=qwen version=2.5 variant=vl,instruct params=72B quant=awq"},
		{"qwen2.5vl:7b", "family=qwen version=2.5 variant=vl params=7B tag=7b"},
		{"qwen-max-2025-01-25", "family=qwen variant=max date=2025-01-25"},
		{"qwen-plus-latest", "family=qwen variant=plus,latest"},
		{"qwen-turbo", "family=qwen variant=turbo"},
		{"qwen3-next-80b-a3b-instruct", "family=qwen version=3 variant=next,instruct params=80B active=3B"},
		{"qwen3:30b-a3b-q4_K_M", "family=qwen version=3 params=30B active=3B quant=q4_k_m tag=30b-a3b-q4_K_M"},
		{"Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4", "vendor=qwen family=qwen version=2.5 variant=instruct params=72B quant=gptq-int4"},
		{"Qwen/Qwen2.5-7B-Instruct-1M", "vendor=qwen family=qwen version=2.5 variant=instruct params=7B context=1048576"},
		{"Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "vendor=qwen family=qwen version=3 variant=coder,instruct params=480B active=35B quant=fp8"},
		{"qwq-32b", "family=qwq params=32B"},
		{"qvq-72b-preview", "family=qvq variant=preview params=72B"},
		{"llama-3.3-70b-versatile", "family=llama version=3.3 variant=versatile params=70B"},
		{"llama3-70b-8192", "family=llama version=3 params=70B context=8192"},
		{"llama-3.2-11b-vision-preview", "family=llama version=3.2 variant=vision,preview params=11B"},
		{"llama-guard-3-8b", "family=llama version=3 variant=guard params=8B"},
		{"meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "vendor=meta-llama family=llama version=4 variant=maverick,instruct params=17B experts=128 quant=fp8"},
		{"meta-llama-3.1-8b-instruct", "family=llama version=3.1 variant=instruct params=8B"},
		{"meta-llama/Meta-Llama-3-70B-Instruct", "vendor=meta-llama family=llama version=3 variant=instruct params=70B"},
		{"@cf/meta/llama-3.1-8b-instruct", "vendor=meta family=llama version=3.1 variant=instruct params=8B"},
		{"gemma-3n-e4b-it", "family=gemma version=3n variant=e4b,it"},
		{"gemma3n:e4b", "family=gemma version=3n variant=e4b tag=e4b"},
		{"gemma3:27b-it-qat", "family=gemma version=3 variant=it,qat params=27B tag=27b-it-qat"},
		{"google/gemma-2-9b-it", "vendor=google family=gemma version=2 variant=it params=9B"},
		{"phi-4-mini", "family=phi version=4 variant=mini"},
		{"phi-3-mini-4k-instruct", "family=phi version=3 variant=mini,instruct context=4096"},
		{"phi-3.5-moe-instruct", "family=phi version=3.5 variant=moe,instruct"},
		{"phi4:14b", "family=phi version=4 params=14B tag=14b"},
		{"mistral-small-24b-instruct-2501", "family=mistral variant=small,instruct params=24B date=2501"},
		{"mistral-large-latest", "family=mistral variant=large,latest"},
		{"mistral-7b-instruct-v0.3", "family=mistral version=v0.3 variant=instruct params=7B"},
		{"open-mistral-nemo-2407", "family=open-mistral variant=nemo date=2407"},
		{"open-mixtral-8x22b", "family=open-mixtral params=22B experts=8"},
		{"codestral-2501", "family=codestral date=2501"},
		{"ministral-8b-2410", "family=ministral params=8B date=2410"},
		{"magistral-medium-2506", "family=magistral variant=medium date=2506"},
		{"pixtral-12b-2409", "family=pixtral params=12B date=2409"},
		{"command-r-plus-08-2024", "family=command-r variant=plus date=2024-08"},
		{"command-a-03-2025", "family=command-a date=2025-03"},
		{"command-r7b-12-2024", "family=command-r params=7B date=2024-12"},
		{"c4ai-aya-expanse-32b", "family=c4ai variant=aya,expanse params=32B"},
		{"grok-4-fast", "family=grok version=4 variant=fast"},
		{"grok-3-mini-beta", "family=grok version=3 variant=mini,beta"},
		{"grok-2-vision-1212", "family=grok version=2 variant=vision date=1212"},
		{"grok-4-1-fast-reasoning", "family=grok version=4.1 variant=fast,reasoning"},
		{"grok-code-fast-1", "family=grok version=1 variant=code,fast"},
		{"doubao-seed-1-6-250615", "family=doubao version=1.6 variant=seed date=250615"},
		{"doubao-1-5-pro-32k-250115", "family=doubao version=1.5 variant=pro context=32768 date=250115"},
		{"Doubao-1.5-vision-pro", "family=doubao version=1.5 variant=vision,pro"},
		{"ep-20250115123456-abcde", "family=ep variant=abcde date=2025-01-15"},
		{"hunyuan-a13b-instruct", "family=hunyuan variant=instruct active=13B"},
		{"hunyuan-t1-latest", "family=hunyuan version=t1 variant=latest"},
		{"ernie-4.5-turbo-128k-preview", "family=ernie version=4.5 variant=turbo,preview context=131072"},
		{"ernie-x1-turbo-32k", "family=ernie version=x1 variant=turbo context=32768"},
		{"step-1-8k", "family=step version=1 context=8192"},
		{"minimax-m1-80k", "family=minimax version=m1 context=81920"},
		{"MiniMax-Text-01", "family=minimax version=01 variant=text"},
		{"abab6.5s-chat", "family=abab version=6.5s variant=chat"},
		{"yi-1.5-34b-chat-16k", "family=yi version=1.5 variant=chat params=34B context=16384"},
		{"internlm2_5-7b-chat", "family=internlm version=2.5 variant=chat params=7B"},
		{"baichuan2-13b-chat", "family=baichuan version=2 variant=chat params=13B"},
		{"hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M", "vendor=unsloth family=qwen version=3 variant=gguf params=8B quant=q4_k_m tag=Q4_K_M"},
		{"hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:IQ4_XS", "vendor=bartowski family=llama version=3.2 variant=instruct,gguf params=3B quant=iq4_xs tag=IQ4_XS"},
		{"meta-llama/llama-3.3-70b-instruct:free", "vendor=meta-llama family=llama version=3.3 variant=instruct,free params=70B tag=free"},
		{"anthropic/claude-3.7-sonnet:thinking", "vendor=anthropic family=claude version=3.7 variant=sonnet,thinking tag=thinking"},
		{"claude-opus-4-5-20251101", "family=claude version=4.5 variant=opus date=2025-11-01"},
		{"claude-sonnet-4-20250514", "family=claude version=4 variant=sonnet date=2025-05-14"},
		{"claude-3-opus-20240229", "family=claude version=3 variant=opus date=2024-02-29"},
		{"claude-2.1", "family=claude version=2.1"},
		{"claude-instant-1.2", "family=claude version=1.2 variant=instant"},
		{"claude-sonnet-4-5@20250929", "family=claude version=4.5 variant=sonnet date=2025-09-29"},
		{"us.anthropic.claude-3-5-sonnet-20241022-v2:0", "vendor=anthropic family=claude version=3.5 variant=sonnet,v2,0 date=2024-10-22 tag=0"},
		{"openai.gpt-oss-120b-1:0", "vendor=openai family=gpt-oss version=1 variant=0 params=120B tag=0"},
		{"gemini-1.5-flash-8b-001", "family=gemini version=1.5 variant=flash,001 params=8B"},
		{"gemini-2.5-flash-preview-05-20", "family=gemini version=2.5 variant=flash,preview date=05-20"},
		{"gemini-2.0-flash-thinking-exp-01-21", "family=gemini version=2.0 variant=flash,thinking,exp date=01-21"},
		{"models/gemini-2.5-pro", "vendor=models family=gemini version=2.5 variant=pro"},
		{"gemini-embedding-001", "family=gemini version=001 variant=embedding"},
		{"imagen-4.0-generate-001", "family=imagen version=4.0 variant=generate,001"},
		{"black-forest-labs/FLUX.1-schnell", "vendor=black-forest-labs family=flux version=1 variant=schnell"},
		{"stable-diffusion-3-5-large", "family=stable-diffusion version=3.5 variant=large"},
		{"Kwai-Kolors/Kolors", "vendor=kwai-kolors family=kolors"},
		{"BAAI/bge-m3", "vendor=baai family=bge version=m3"},
		{"bge-reranker-v2-m3", "family=bge version=v2 variant=reranker,m3"},
		{"all-minilm:22m", "family=all-minilm params=0.022B tag=22m"},
		{"nomic-embed-text:v1.5", "family=nomic version=v1.5 variant=embed,text tag=v1.5"},
		{"mxbai-embed-large", "family=mxbai variant=embed,large"},
		{"e5-mistral-7b-instruct", "family=e version=5 variant=instruct base=mistral params=7B"},
		{"nous-hermes-2-mixtral-8x7b-dpo", "family=nous-hermes version=2 variant=dpo base=mixtral params=7B experts=8"},
		{"hermes-3-llama-3.1-405b", "family=hermes version=3 variant=3.1 base=llama params=405B"},
		{"NousResearch/Hermes-3-Llama-3.1-70B", "vendor=nousresearch family=hermes version=3 variant=3.1 base=llama params=70B"},
		{"dolphin-2.9-llama3-8b", "family=dolphin version=2.9 base=llama3 params=8B"},
		{"openchat-3.5-0106", "family=openchat version=3.5 date=0106"},
		{"tinyllama-1.1b-chat-v1.0", "family=tinyllama version=v1.0 variant=chat params=1.1B"},
		{"smollm2:135m", "family=smollm version=2 params=0.135B tag=135m"},
		{"falcon-180b", "family=falcon params=180B"},
		{"jamba-large-1.7-2025-07", "family=jamba version=1.7 variant=large date=2025-07"},
		{"solar-10.7b-instruct", "family=solar variant=instruct params=10.7B"},
		{"r1-1776", "family=r version=1 variant=1776"},
		{"sonar-reasoning-pro", "family=sonar variant=reasoning,pro"},
		{"llama-3.1-sonar-large-128k-online", "family=llama version=3.1 variant=sonar,large,online context=131072"},
		{"nvidia/llama-3.3-nemotron-super-49b-v1.5", "vendor=nvidia family=llama version=3.3 variant=nemotron,super,v1.5 params=49B"},
		{"models/llama/Meta-Llama-3-8B-Instruct.Q4_K_M.gguf", "vendor=llama family=llama version=3 variant=instruct params=8B quant=q4_k_m"},
		{"Llama-3.2-1B-Instruct-4.0bpw-exl2", "family=llama version=3.2 variant=instruct params=1B quant=4.0bpw-exl2"},
		{"RedHatAI/Qwen2.5-7B-quantized.w4a16", "vendor=redhatai family=qwen version=2.5 variant=quantized params=7B quant=w4a16"},
		{"neuralmagic/Meta-Llama-3.1-8B-Instruct-quantized-w8a8", "vendor=neuralmagic family=llama version=3.1 variant=instruct,quantized params=8B quant=w8a8"},
		{"openrouter/auto", "vendor=openrouter family=auto"},
		{"4.0Ultra", "variant=4.0ultra"},
		{"kimi-linear-48b-a3b", "family=kimi variant=linear params=48B active=3B"},
		{"zai-org/GLM-4.6", "vendor=zai-org family=glm version=4.6"},
		{"tencent/Hunyuan-A13B-Instruct", "vendor=tencent family=hunyuan variant=instruct active=13B"},
		{"moonshotai/Kimi-K2-Instruct-0905", "vendor=moonshotai family=kimi version=k2 variant=instruct date=0905"},
		{"openai/gpt-oss-20b:free", "vendor=openai family=gpt-oss variant=free params=20B tag=free"},
		{"granite3.3:2b", "family=granite version=3.3 params=2B tag=2b"},
	} {
		name, want := tt[0], tt[1]
		m := llm.ParseModel(name)
		assert.Equal(t, want, m.Fields(), name)
		assert.Equal(t, name, m.String())
	}
}

// What no list has, and each rule at its edges.
func TestParseModel_edges(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                           "",
		"-":                          "",
		"/":                          "",
		":":                          "",
		"ft:":                        "method=ft",
		"ft:ft:ft":                   "family=ft method=ft",
		"FT:GPT-4o:Org":              "family=gpt version=4o method=ft",
		"ft:openai/gpt-4.1":          "vendor=openai family=gpt version=4.1 method=ft",
		"ftx:1":                      "family=ftx version=1 tag=1",
		"x":                          "family=x",
		"/x":                         "family=x",
		"x/":                         "vendor=x",
		"a/b/models/x":               "family=x",
		"models/x":                   "vendor=models family=x",
		"localhost:5000/llama3:8b":   "vendor=localhost:5000 family=llama version=3 params=8B tag=8b",
		"x:A:B":                      `family=x variant=a:b tag=A:B`,
		"x:free":                     "family=x variant=free tag=free",
		"x--y-":                      "family=x variant=y",
		"7b":                         "params=7B",
		"4bit-llama-3-8b":            "family=llama version=3 params=8B quant=4bit",
		"meta-x":                     "family=meta variant=x",
		"meta":                       "family=meta",
		"x-1-2-3":                    "family=x version=1.2 variant=3",
		"x-1-22":                     "family=x version=1 variant=22",
		"x-v1p2p3":                   "family=x version=1.2.3",
		"x-v1.2p3":                   "family=x version=1.2.3",
		"x-a1p5b":                    "family=x version=a1.5b",
		"x-1.":                       "family=x variant=1.",
		"x-1ab":                      "family=x variant=1ab",
		"x-ab1":                      "family=x variant=ab1",
		"x-0b":                       "family=x version=0b",
		"x-8b-8b":                    "family=x params=8B",
		"x-8b-9b":                    "family=x variant=9b params=8B",
		"x:8b-9b":                    "family=x variant=9b params=8B tag=8b-9b",
		"x-a3b-a4b":                  "family=x variant=a4b active=3B",
		"x-8x7b-8x8b":                "family=x variant=8x8b params=7B experts=8",
		"x-1.5b":                     "family=x params=1.5B",
		"x-22.1m":                    "family=x params=0.0221B",
		"x-1t":                       "family=x params=1000B",
		"x-1m":                       "family=x params=0.001B",
		"x-1b-1m":                    "family=x params=1B context=1048576",
		"x-1b-1m-2m":                 "family=x variant=2m params=1B context=1048576",
		"x-1b-1000m":                 "family=x params=1B",
		"x-1b-1024m":                 "family=x variant=1024m params=1B",
		"x-8k-16k":                   "family=x variant=16k context=8192",
		"x-4096":                     "family=x version=4096",
		"x-8192":                     "family=x context=8192",
		"x-131072":                   "family=x context=131072",
		"x-262144":                   "family=x version=262144",
		"x-999999k":                  "family=x context=1023998976",
		"x-1000000k":                 "family=x version=1000000k",
		"x-99999999999999999999b":    "family=x version=99999999999999999999b",
		"x-2024-02-30":               "family=x date=2024-02-30",
		"x-2024-13-01":               "family=x version=13 variant=01 date=2024",
		"x-2024-06-01-y":             "family=x variant=y date=2024-06-01",
		"x-2024-06-011":              "family=x version=011 date=2024-06",
		"2024-06-01":                 "date=2024-06-01",
		"x-2024":                     "family=x date=2024",
		"x-20241301":                 "family=x version=20241301",
		"x-1231":                     "family=x date=1231",
		"x-1232":                     "family=x version=1232",
		"x-2513":                     "family=x version=2513",
		"x-5001":                     "family=x version=5001",
		"x-251301":                   "family=x version=251301",
		"x-12-31":                    "family=x date=12-31",
		"x-12-32":                    "family=x version=12 variant=32",
		"x-0613-0614":                "family=x variant=0614 date=0613",
		"x-0613-0613":                "family=x date=0613",
		"x-8x7b-4x8b":                "family=x variant=4x8b params=7B experts=8",
		"x-q4_k_m-q4_k_m":            "family=x quant=q4_k_m",
		"x-q1":                       "family=x version=q1",
		"x-tq1_0":                    "family=x quant=tq1_0",
		"x-fp8_e4m3":                 "family=x quant=fp8_e4m3",
		"x-4.0bpw":                   "family=x quant=4.0bpw",
		"x-wa":                       "family=x variant=wa",
		"x.q8_0":                     "family=x quant=q8_0",
		"x-ft-qwen2.5-7b":            "family=x method=ft base=qwen2.5 params=7B",
		"x-distill-y":                "family=x variant=y method=distill",
		"x-distill-ft":               "family=x variant=ft method=distill",
		"x-distill-gpt-oss-20b":      "family=x method=distill base=gpt-oss params=20B",
		"x-llama-qwen":               "family=x variant=qwen base=llama",
		"qwen2.5vl2":                 "family=qwen2.5vl2",
		"gpt-oss":                    "family=gpt-oss",
		"dall-e3":                    "family=dall-e version=3",
		"bedrock/anthropic.claude-2": "vendor=bedrock family=claude version=2",
		"some.thing":                 "family=some.thing",
		"GPT-4O":                     "family=gpt version=4o",
		"通义千问-7B":                    "family=通义千问 params=7B",
		"two words":                  `family="two words"`,
		"a\nb":                       `family="a\nb"`,
		"\xff\xfe":                   "family=��",
		`x:a="b"`:                    `family=x variant="a=\"b\"" tag="a=\"b\""`,
	} {
		m := llm.ParseModel(name)
		assert.Equal(t, want, m.Fields(), "%q", name)
		assert.Equal(t, name, m.String())
	}
}

func FuzzParseModel(f *testing.F) {
	for _, name := range []string{
		"deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "qwen3-235b-a22b-thinking-2507", "llama3.1:8b-instruct-q4_K_M", "ft:gpt-4o-mini-2024-07-18:o:c:i",
		"us.anthropic.claude-3-5-sonnet-20241022-v2:0", "mixtral-8x7b-32768", "a/b/models/llama-v3p1-405b", "command-r7b-12-2024", "x-999999k-999m-7b",
		"Llama-3-8B.Q4_K_M.gguf", "ep-20250115123456-x", "İ-\u212Aimi-k2", "x-1e9b-infb-nanm-0x8b-8x8x8b", "\xff-\x00",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		m := llm.ParseModel(name)
		require.Equal(t, name, m.String())
		require.Equal(t, m, llm.ParseModel(name))
		for _, n := range []float64{m.Params, m.Active} {
			require.False(t, math.IsNaN(n) || math.IsInf(n, 0) || n < 0, "%v", n)
		}
		require.GreaterOrEqual(t, m.Experts, 0)
		require.True(t, m.Context >= 0 && m.Context <= math.MaxInt32, "%d", m.Context) // an int of 32 bits holds it
		require.NotContains(t, m.Variant, "")
		require.NotContains(t, m.Fields(), "\n")
		require.Contains(t, name, m.Tag)
		for _, text := range append([]string{m.Vendor, m.Family, m.Version, m.Method, m.Base, m.Date, m.Quant}, m.Variant...) {
			require.Equal(t, strings.ToLower(text), text)
		}
		lower := llm.ParseModel(strings.ToLower(name))
		lower.Tag = m.Tag
		require.Equal(t, llm.Unnamed(m), llm.Unnamed(lower), "upper and lower case are the same name")
	})
}

func BenchmarkParseModel(b *testing.B) {
	for _, name := range []string{"gpt-4o-mini-2024-07-18", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "llama3.1:8b-instruct-q4_K_M"} {
		b.Run(strings.ReplaceAll(name, "/", " "), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				llm.ParseModel(name)
			}
		})
	}
}
