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
	{"wrote", "protocol", "SEND"},
	{"read", "protocol", "RECV"},
}

// Log is part of kgo.Logger.
func (e engineLog) Log(_ kgo.LogLevel, msg string, keyvals ...any) {
	lower := strings.ToLower(msg)
	context, tag := "generic", "ENGINE"
	for _, c := range engineContexts {
		if strings.Contains(lower, c.word) {
			context, tag = c.context, c.tag
			break
		}
	}
	if !e.l.debug.on(context) {
		return
	}
	var b strings.Builder
	b.WriteString(msg)
	for i := 0; i+1 < len(keyvals); i += 2 {
		fmt.Fprintf(&b, " %v=%v", keyvals[i], keyvals[i+1])
	}
	e.l.printf(logDebug, tag, "%s", b.String())
}
