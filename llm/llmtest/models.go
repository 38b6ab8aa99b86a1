package llmtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// ModelsShape is a way to write the list of models. All say the same, as far as they say it.
type ModelsShape string

// The shapes.
const (
	ModelsList       ModelsShape = "list object"        // {"object":"list","data":[…]}: OpenAI and most; a server begins with it
	ModelsArray      ModelsShape = "bare array"         // [{"id":…}]
	ModelsField      ModelsShape = "models"             // {"models":[{"name":…}]}
	ModelsBoth       ModelsShape = "data and models"    // the same models under both, as llama.cpp has it
	ModelsNoCreated  ModelsShape = "without created"    // nor owned_by
	ModelsOddTypes   ModelsShape = "odd types"          // created as a float, a string, null; owned_by null
	ModelsOpenAI     ModelsShape = "shutdown_date"      // beside what a list has
	ModelsOpenRouter ModelsShape = "OpenRouter"         // with context_length, pricing and architecture
	ModelsNames      ModelsShape = "names"              // {"data":["…"]}
	ModelsTwice      ModelsShape = "every model twice"  // the second time by another owner
	ModelsNull       ModelsShape = "null"               // {"object":"list","data":null}: Ollama without models
	ModelsMarked     ModelsShape = "byte order mark"    // before the list, and blank lines
	ModelsCut        ModelsShape = "cut"                // half a list, ended in peace
	ModelsBroken     ModelsShape = "connection breaks"  // after half a list
	ModelsHTML       ModelsShape = "HTML"               // with status 200
	ModelsEmpty      ModelsShape = "nothing"            // with status 200
	ModelsOther      ModelsShape = "another object"     // JSON that is no list
	ModelsError      ModelsShape = "200 with an error"  // {"error":{…},"request_id":…}
	ModelsErrorNull  ModelsShape = "error, data null"   // {"code":…,"message":…,"data":null}: SiliconFlow, with status 200
	ModelsErrorList  ModelsShape = "list with an error" // [{"error":{…}}], with status 200
	ModelsEchoKey    ModelsShape = "echoes the key"     // status 401
)

// created is when every model was made, as the list says.
const created = 1700000000

// ContextLength is what [ModelsOpenRouter] says of every model.
const ContextLength = 131072

// ShapeModels writes the list of models in another shape from now on.
func (s *Server) ShapeModels(shape ModelsShape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = shape
}

func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r, http.MethodGet, nil) {
		return
	}
	s.mu.Lock()
	shape := s.list
	s.mu.Unlock()
	entries := make([]any, len(s.opts.Models))
	for i, id := range s.opts.Models {
		entries[i] = changed(object{"id": id, "object": "model", "created": created, "owned_by": "llmtest"}, shape, i)
	}
	list := object{"object": "list", "data": entries}
	switch shape {
	case "", ModelsList, ModelsNoCreated, ModelsOddTypes, ModelsOpenAI, ModelsOpenRouter:
		writeJSON(w, http.StatusOK, list)
	case ModelsArray:
		writeJSON(w, http.StatusOK, entries)
	case ModelsField:
		writeJSON(w, http.StatusOK, object{"models": s.named()})
	case ModelsBoth:
		list["models"] = s.named()
		writeJSON(w, http.StatusOK, list)
	case ModelsNull:
		writeJSON(w, http.StatusOK, object{"object": "list", "data": nil})
	case ModelsMarked:
		_, _ = fmt.Fprintf(w, "\uFEFF\n\n%s", encode(list))
	case ModelsTwice:
		var again []any
		for _, id := range s.opts.Models {
			again = append(again, object{"id": id, "object": "model", "created": created + 1, "owned_by": "another"})
		}
		list["data"] = slices.Concat(entries, again)
		writeJSON(w, http.StatusOK, list)
	case ModelsNames:
		writeJSON(w, http.StatusOK, object{"data": s.opts.Models})
	default:
		s.failModels(w, shape, encode(list))
	}
}

// named is the models as lists have them that say "name" for the ID.
func (s *Server) named() []any {
	entries := make([]any, len(s.opts.Models))
	for i, id := range s.opts.Models {
		entries[i] = object{"name": id, "model": id, "type": "model", "capabilities": []string{"completion"}}
	}
	return entries
}

// changed is the i-th entry, with more or less in it where the shape wants that.
func changed(entry object, shape ModelsShape, i int) object {
	switch shape {
	case ModelsNoCreated:
		return object{"id": entry["id"], "object": "model"}
	case ModelsOddTypes:
		entry["owned_by"] = nil
		entry["created"] = []any{1.7e9 + 0.5, "1700000000", nil, "soon", -1, object{}}[i%6]
	case ModelsOpenAI:
		entry["shutdown_date"] = nil
	case ModelsOpenRouter:
		entry["context_length"] = ContextLength
		entry["pricing"] = object{"prompt": "0.0000025", "completion": "0.00001"}
		entry["architecture"] = object{"modality": "text->text", "tokenizer": "GPT"}
	}
	return entry
}

// failModels is the shapes that are errors.
func (s *Server) failModels(w http.ResponseWriter, shape ModelsShape, list string) {
	switch shape {
	case ModelsCut:
		_, _ = fmt.Fprint(w, list[:len(list)/2])
	case ModelsBroken:
		w.Header().Set("Content-Length", strconv.Itoa(len(list)))
		_, _ = fmt.Fprint(w, list[:len(list)/2]) // net/http ends the connection: the header promised more
	case ModelsHTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<html><head><title>Sign in</title></head><body></body></html>")
	case ModelsEmpty:
		w.WriteHeader(http.StatusOK)
	case ModelsOther:
		writeJSON(w, http.StatusOK, object{"status": "ok"})
	case ModelsError:
		writeJSON(w, http.StatusOK, APIError{Message: "no such thing", Code: "invalid_type", RequestID: "models-refused"}.body())
	case ModelsErrorNull:
		writeJSON(w, http.StatusOK, object{"code": 20012, "message": "no such thing", "data": nil})
	case ModelsErrorList:
		writeJSON(w, http.StatusOK, []any{object{"error": object{"code": 400, "message": "no such thing", "status": "INVALID_ARGUMENT"}}})
	case ModelsEchoKey:
		writeError(w, APIError{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "Incorrect API key provided: " + s.opts.Key + "."})
	default:
		panic(fmt.Sprintf("llmtest: there is no shape %q", shape))
	}
}
