package e2e

// event is one line of history.
type event struct {
	kind, place, cause string
	data               map[string]any
}

func (e event) text(field string) string { s, _ := e.data[field].(string); return s }

// record is everything that history tells of one person.
type record struct {
	i       *installation
	events  []event
	byPlace map[string]event
	// elsewhere are events of nobody in particular: packs.
	elsewhere map[string]event
}

// recordOf reads the history of a person again, and of the packs.
func (i *installation) recordOf(person string, packs []event) record {
	i.t.Helper()
	r := record{i: i, byPlace: map[string]event{}, elsewhere: map[string]event{}}
	for _, line := range i.lines("history", "--person", person) {
		e := read(line)
		r.events = append(r.events, e)
		r.byPlace[e.place] = e
	}
	for _, e := range packs {
		r.elsewhere[e.place] = e
	}
	return r
}

func read(line map[string]any) event {
	e := event{kind: line["type"].(string), place: place(line)}
	e.data, _ = line["data"].(map[string]any)
	if c, ok := line["causation"].(map[string]any); ok && c["service"] != "" {
		e.cause = place(c)
	}
	return e
}

// packHistory reads what happened to the packs of a story, at all services.
func (i *installation) packHistory(s story) []event {
	i.t.Helper()
	streams := []string{"pack-adopted"}
	for _, st := range s.steps {
		if st.pack != "" {
			streams = append(streams, st.name)
		}
	}
	var all []event
	for _, stream := range streams {
		for _, line := range i.lines("history", "--stream", stream) {
			all = append(all, read(line))
		}
	}
	return all
}

// why follows the causes of an event back to the first, which must be one that
// HR or the owner of the packs wrote; every one of them can be read again.
func (r record) why(e event) []event {
	chain := []event{e}
	for e.cause != "" && len(chain) < 50 {
		next, ok := r.byPlace[e.cause]
		if !ok {
			next, ok = r.elsewhere[e.cause]
		}
		if !ok {
			r.i.t.Errorf("%s at %s names the cause %s, which history does not have", e.kind, e.place, e.cause)
			return chain
		}
		chain, e = append(chain, next), next
	}
	return chain
}

// kinds are the names of events.
func kinds(chain []event) (names []string) {
	for _, e := range chain {
		names = append(names, e.kind)
	}
	return names
}
