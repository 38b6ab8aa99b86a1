package llm

// Dialects are all that are known, in the order in which [New] looks for the host. Each call makes new ones.
//
// Sources: the providers' API references and the servers' source code (read 2026-11); a remark says what no page confirms.
func Dialects() []Dialect {
	known := known()
	out := make([]Dialect, 0, len(known))
	for _, dialect := range known {
		out = append(out, dialect())
	}
	return out
}

func known() []func() Dialect {
	return []func() Dialect{
		OpenAI, DeepSeek, DashScope, Moonshot, Zhipu, Ark, SiliconFlow, OpenRouter, Groq, XAI, Mistral, Gemini, Azure, Ollama, VLLM, LlamaCPP,
		Generic,
	}
}

// Generic is for servers that are not known: what most of them take.
func Generic() Dialect {
	return Dialect{Name: "generic", Thinking: Thinking{Effort: "reasoning_effort"}}
}

// OpenAI is api.openai.com. From GPT-5.5 on, tools together with a reasoning effort are refused in chat completions: set
// API to APIResponses.
func OpenAI() Dialect {
	return Dialect{
		Name: "openai", Hosts: []string{"api.openai.com"},
		MaxTokensField: "max_completion_tokens", DeveloperRole: true, Obfuscates: true,
		Thinking: Thinking{Effort: "reasoning_effort", Off: map[string]any{"reasoning_effort": "none"}}, // "none": unverified for older models
		Replay:   ReplayNever,                                                                           // there is no field for it
	}
}

// DeepSeek is api.deepseek.com. Its thinking must come back with every message that called tools.
func DeepSeek() Dialect {
	return Dialect{
		Name: "deepseek", Hosts: []string{"api.deepseek.com"},
		NoSchema: true,
		Thinking: Thinking{
			On: thinkType("enabled"), Off: thinkType("disabled"), Effort: "reasoning_effort",
			Efforts: map[Effort]string{EffortMinimal: "low", EffortMedium: "high"},
		},
		Replay: ReplayToolTurns, ReplayEmpty: true, ReasoningField: "reasoning_content",
	}
}

// DashScope is Aliyun's Model Studio, in mainland China and abroad. Thinking models are refused there unless streamed.
func DashScope() Dialect {
	return Dialect{
		Name: "dashscope", Hosts: []string{"dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"},
		ChatStreams: true,
		Thinking: Thinking{
			On: map[string]any{"enable_thinking": true}, Off: map[string]any{"enable_thinking": false}, Budget: "thinking_budget",
		},
		ReasoningField: "reasoning_content",
	}
}

// Moonshot is Kimi. Its thinking must come back with every message that called tools.
func Moonshot() Dialect {
	return Dialect{
		Name: "moonshot", Hosts: []string{"api.moonshot.cn", "api.moonshot.ai"},
		MaxTokensField: "max_completion_tokens", NoSchema: true, // json_schema: unverified
		Thinking:   Thinking{On: thinkType("enabled"), Off: thinkType("disabled")},
		ThinkingOf: map[string]Thinking{"kimi-k3": {Effort: "reasoning_effort"}},
		Replay:     ReplayToolTurns, ReplayEmpty: true, ReasoningField: "reasoning_content",
	}
}

// Zhipu is GLM at open.bigmodel.cn and api.z.ai.
func Zhipu() Dialect {
	return Dialect{
		Name: "zhipu", Hosts: []string{"open.bigmodel.cn", "api.z.ai"},
		NoSchema:       true, // json_schema: unverified
		Thinking:       Thinking{On: thinkType("enabled"), Off: thinkType("disabled"), Effort: "reasoning_effort"},
		ThinkingOf:     map[string]Thinking{"glm-5.3": {Effort: "reasoning_effort"}}, // it always thinks
		ReasoningField: "reasoning_content",
	}
}

// Ark is Volcengine's, for Doubao and others; a model may be an endpoint's ID (ep-…).
func Ark() Dialect {
	return Dialect{
		Name: "ark", Hosts: []string{".volces.com", ".bytepluses.com"}, // the second: unverified
		NoSchema:       true, // json_schema: unverified
		Thinking:       Thinking{On: thinkType("enabled"), Off: thinkType("disabled")},
		ReasoningField: "reasoning_content",
	}
}

// SiliconFlow is api.siliconflow.cn.
func SiliconFlow() Dialect {
	return Dialect{
		Name: "siliconflow", Hosts: []string{"api.siliconflow.cn", "api.siliconflow.com"}, // the second: unverified
		NoSchema: true, // json_schema: unverified
		Thinking: Thinking{
			On: map[string]any{"enable_thinking": true}, Off: map[string]any{"enable_thinking": false}, Budget: "thinking_budget",
		},
		ReasoningField: "reasoning_content",
		Images:         ImageShape{CountField: "batch_size", MaxCount: 4, SizeField: "image_size", Plain: true},
	}
}

// OpenRouter passes on to many. Its reasoning_details are kept in Message.Extra and go back as they came.
func OpenRouter() Dialect {
	return Dialect{
		Name: "openrouter", Hosts: []string{"openrouter.ai"},
		Thinking: Thinking{
			On:     map[string]any{"reasoning": map[string]any{"enabled": true}},
			Off:    map[string]any{"reasoning": map[string]any{"enabled": false}},
			Effort: "reasoning.effort", Budget: "reasoning.max_tokens",
			Efforts: map[Effort]string{EffortMax: "high"},
		},
		ReasoningField: "reasoning",
	}
}

// Groq is api.groq.com.
func Groq() Dialect {
	return Dialect{
		Name: "groq", Hosts: []string{"api.groq.com"},
		Thinking: Thinking{
			On:     map[string]any{"reasoning_format": "parsed"},
			Off:    map[string]any{"reasoning_effort": "none"}, // unverified
			Effort: "reasoning_effort", Efforts: map[Effort]string{EffortMinimal: "low", EffortMax: "high"},
		},
		ReasoningField: "reasoning",
	}
}

// XAI is api.x.ai.
func XAI() Dialect {
	return Dialect{
		Name: "xai", Hosts: []string{"api.x.ai"},
		Thinking:       Thinking{Effort: "reasoning_effort", Efforts: map[Effort]string{EffortMinimal: "low", EffortMax: "high"}},
		ReasoningField: "reasoning_content",
	}
}

// Mistral is api.mistral.ai, whose thinking is a part of the content.
func Mistral() Dialect {
	return Dialect{Name: "mistral", Hosts: []string{"api.mistral.ai"}, ReasoningField: "content"}
}

// Gemini is Google's endpoint for this protocol. The signatures of its thoughts are kept in Extra and go back.
func Gemini() Dialect {
	return Dialect{
		Name: "gemini", Hosts: []string{"generativelanguage.googleapis.com"},
		Thinking: Thinking{
			Effort: "reasoning_effort", Efforts: map[Effort]string{EffortMax: "high"},
			Off: map[string]any{"reasoning_effort": "none"}, // unverified for models that always think
		},
		Replay: ReplayNever, // there is no field for it
	}
}

// Azure is Azure OpenAI: a base that ends in /openai/v1, or in /openai/deployments/NAME with ?api-version=….
func Azure() Dialect {
	return Dialect{
		Name: "azure", Hosts: []string{".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"}, // the last two: unverified
		KeyHeader:      "api-key",
		MaxTokensField: "max_completion_tokens", DeveloperRole: true,
		Thinking: Thinking{Effort: "reasoning_effort", Off: map[string]any{"reasoning_effort": "none"}}, // "none": unverified for older models
	}
}

// Ollama is a server on port 11434. It obeys max_tokens only, and makes one answer whatever N says.
func Ollama() Dialect {
	return Dialect{
		Name: "ollama", Hosts: []string{":11434"},
		Thinking: Thinking{
			Effort: "reasoning_effort", Efforts: map[Effort]string{EffortMinimal: "low", EffortMax: "high"},
			Off: map[string]any{"reasoning_effort": "none"},
		},
		ReasoningField: "reasoning",
	}
}

// VLLM is a server of one's own; it has no host to be known by. Up to some version from 0.17 to 0.23 its field was
// reasoning_content.
func VLLM() Dialect {
	return Dialect{Name: "vllm", Thinking: templateThinking(), ReasoningField: "reasoning"}
}

// LlamaCPP is llama.cpp's llama-server; it has no host to be known by.
func LlamaCPP() Dialect {
	return Dialect{Name: "llama.cpp", NoNamedTool: true, Thinking: templateThinking(), ReasoningField: "reasoning_content"}
}

func thinkType(t string) map[string]any {
	return map[string]any{"thinking": map[string]any{"type": t}}
}

func templateThinking() Thinking {
	kwargs := func(on bool) map[string]any {
		return map[string]any{"chat_template_kwargs": map[string]any{"enable_thinking": on}}
	}
	return Thinking{On: kwargs(true), Off: kwargs(false)}
}
