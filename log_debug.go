package kafka

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// debugContexts are the contexts of the debug property that this client has lines of; all means every one.
type debugContexts map[string]bool

// parseDebug reads the value of debug: names with an optional + or - in front, in their order.
func parseDebug(list string) debugContexts {
	d := debugContexts{}
	for _, name := range strings.Split(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		on := !strings.HasPrefix(name, "-")
		name = strings.TrimLeft(name, "+-")
		if name == "all" && !on {
			clear(d)
			continue
		}
		if name != "" {
			d[name] = on
		}
	}
	return d
}

func (d debugContexts) on(context string) bool {
	if on, ok := d[context]; ok {
		return on
	}
	return d["all"]
}

// debugf writes a debug line of a context. Arguments are only formatted when the context is on; on hot paths ask on
// before.
func (l *logger) debugf(context, tag, format string, a ...any) {
	if l.debug.on(context) {
		l.printf(logDebug, tag, format, a...)
	}
}

// engineLog shows the engine's log as debug lines. Without debug the engine logs nothing: what an application should
// know is in events and in lines of our own.
type engineLog struct{ l *logger }

// Level is part of kgo.Logger.
func (e engineLog) Level() kgo.LogLevel { return kgo.LogLevelDebug }

// engineContexts tells what an engine's line is about by its words, in this order.
var engineContexts = []struct{ word, context, tag string }{
	{"sasl", "security", "SASL"},
	{"tls", "security", "SSL"},
	{"transaction", "eos", "TXN"},
	{"producer id", "eos", "PRODUCERID"},
	{"metadata", "metadata", "METADATA"},
	{"fetch", "fetch", "FETCH"},
	{"offset", "topic", "OFFSET"},
	{"assign", "topic", "ASSIGN"},
	{"produce", "msg", "PRODUCE"},
	{"batch", "msg", "BATCH"},
	{"version", "feature", "APIVERSION"},
	{"connection", "broker", "CONNECT"},
	{"broker", "broker", "BROKER"},
	{"request", "protocol", "SEND"},
}

// engineTag returns the tag of an engine's line, "" where no context wants it. Lines about single requests are of
// protocol and of what the request is for.
func (d debugContexts) engineTag(line string) string {
	if d.on("protocol") {
		switch {
		case strings.HasPrefix(line, "wrote "):
			return "SEND"
		case strings.HasPrefix(line, "read "):
			return "RECV"
		}
	}
	for _, c := range engineContexts {
		if strings.Contains(line, c.word) {
			if d.on(c.context) {
				return c.tag
			}
			return ""
		}
	}
	if d.on("generic") {
		return "ENGINE"
	}
	return ""
}

// fetching tells what the engine is to fetch from now on.
func (l *logger) fetching(drop map[string][]int32, add map[string]map[int32]kgo.Offset) {
	for topic, ids := range drop {
		l.debugf("topic", "FETCHDEL", "Topic %s %v: no longer fetched", topic, ids)
	}
	for topic, starts := range add {
		for id, at := range starts {
			offset := at.EpochOffset().Offset
			l.debugf("topic", "PARTADD", "Topic %s [%d]: to be fetched from offset %d on", topic, id, offset)
			l.debugf("fetch", "FETCHADD", "Topic %s [%d]: fetch from offset %d on", topic, id, offset)
			l.debugf("consumer", "CONSUME", "Topic %s [%d]: consume from offset %d on", topic, id, offset)
		}
	}
}

// Log is part of kgo.Logger.
func (e engineLog) Log(_ kgo.LogLevel, msg string, keyvals ...any) {
	tag := e.l.debug.engineTag(strings.ToLower(msg))
	if tag == "" {
		return
	}
	var b strings.Builder
	b.WriteString(msg)
	for i := 0; i+1 < len(keyvals); i += 2 {
		fmt.Fprintf(&b, " %v=%v", keyvals[i], keyvals[i+1])
	}
	e.l.printf(logDebug, tag, "%s", b.String())
}
