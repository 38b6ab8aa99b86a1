package llm

// calls reads the tool calls of a delta or message; a list that stands twice counts once, the later.
func (d *decoder) calls() bool {
	d.last().calls = d.emptyCalls()
	if d.peek() != '[' {
		return d.skip()
	}
	for m := d.open('[', ']'); m != stop; m = d.next(']') {
		if m == bad {
			return false
		}
		if d.peek() != '{' {
			if !d.skip() {
				return false
			}
			continue
		}
		d.newCall()
		if !d.object((*decoder).call) {
			return false
		}
	}
	return true
}

func (d *decoder) emptyCalls() stretch {
	return stretch{len(d.chunk.calls), len(d.chunk.calls)}
}

func (d *decoder) emptyExtras() stretch {
	return stretch{len(d.chunk.extras), len(d.chunk.extras)}
}

// newCall opens a call, at the end of the present choice's stretch.
func (d *decoder) newCall() {
	d.chunk.calls = append(d.chunk.calls, callDelta{index: -1, extras: d.emptyExtras()})
	d.last().calls.to = len(d.chunk.calls)
}

func (d *decoder) lastCall() *callDelta { return &d.chunk.calls[len(d.chunk.calls)-1] }

func (d *decoder) call(key []byte) bool {
	switch string(key) {
	case "id":
		return d.label(&d.lastCall().id)
	case "index":
		n, found, ok := d.integer()
		if found && n >= 0 && n < 1<<31 {
			d.lastCall().index = int(n)
		}
		return ok
	case "type":
		return d.skip()
	case "function":
		return d.object((*decoder).function)
	default:
		return d.extra(key, &d.lastCall().extras)
	}
}

func (d *decoder) function(key []byte) bool {
	switch string(key) {
	case "name":
		return d.label(&d.lastCall().name)
	case "arguments":
		if d.peek() != '{' {
			return d.piece(&d.lastCall().args, spotArgs)
		}
		from := d.pos // some servers send the object itself
		ok := d.skip()
		d.lastCall().args = d.data[from:d.pos]
		d.tmpl.marks += 2 // no template
		return ok
	default:
		return d.skip()
	}
}

// label reads an ID or a name.
func (d *decoder) label(dst *[]byte) bool {
	*dst = nil
	if d.peek() != '"' {
		return d.skip()
	}
	raw, escaped, ok := d.str()
	if ok {
		*dst = d.text(raw, escaped)
	}
	return ok
}

// extra keeps a member that says something. A stretch grows at its end only: what comes between two members of one object
// can only be members of an object within, which are skipped with it.
func (d *decoder) extra(key []byte, s *stretch) bool {
	if d.peek() == 'n' {
		return d.skip()
	}
	from := d.pos
	if !d.skip() {
		return false
	}
	if s.to != len(d.chunk.extras) { // members of calls came in between: move this stretch behind them
		moved := d.chunk.extras[s.from:s.to]
		s.from = len(d.chunk.extras)
		d.chunk.extras = append(d.chunk.extras, moved...)
	}
	d.chunk.extras = append(d.chunk.extras, rawMember{d.text(key, false), d.data[from:d.pos]}) // the name may hold bad UTF-8
	s.to = len(d.chunk.extras)
	return true
}
