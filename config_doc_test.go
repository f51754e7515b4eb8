package kafka

import (
	"fmt"
	"strings"
	"testing"
)

// TestConfigurationDoc compares CONFIGURATION.md with the table that it is written from. With -update it writes it.
func TestConfigurationDoc(t *testing.T) {
	golden(t, "CONFIGURATION.md", configurationDoc())
}

const docHead = `# Configuration

Every property of librdkafka 2.15 and of confluent-kafka-go 2.15, and what it does here. This page is written from the
table in config_table.go by ` + "`go test -run TestConfigurationDoc -update .`" + `; a test fails when they differ.

A configuration that works with confluent-kafka-go works here: same names, aliases, ranges, defaults, rules across
properties and error texts. Properties go into a ConfigMap:

    kafka.ConfigMap{
        "bootstrap.servers": "localhost:9092",
        "linger.ms":         20,
        "acks":              "all",
        "error_cb":          func(err kafka.Error) { log.Print(err) },
    }

- **Values** are strings, bools, ints or anything with a String method; the last table takes Go values. Integers are
  read as in C (` + "`0x10`" + `, and what follows the number is ignored), words of a list in any case. An empty string sets a
  string back to its default. A time.Duration is read by its text, so that 5*time.Second is 5: give milliseconds.
- **Topic properties** may stand beside the others. Those in the ConfigMap under ` + "`default.topic.config`" + ` go first, which
  ` + "`{topic}.NAME`" + ` as a key of Set, SetKey and Get reaches too. ` + "`topic.NAME`" + ` is another way to write NAME.
- **An unknown name** is an ErrInvalidArg that names the property that was probably meant, **a wrong value** one that names
  property, value and range.
- **A property that is set for nothing**, because it is for the other kind of client or deprecated, gives a line with the tag
  CONFWARN in the log.

The columns: **P/C** is P for producers, C for consumers, * for all; admin clients count as producers. **Fate** is
*engine* for what becomes a setting of franz-go, *here* for what this package does itself, *no effect* for what is
accepted and changes nothing, *refused* for what is an error, with the reason. Values in milliseconds beyond the engine's
own bounds are moved to the bound, and never refused.
`

func configurationDoc() string {
	var b strings.Builder
	b.WriteString(docHead)
	section := func(title, text string, in func(p *property) bool) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| property | P/C | default | range | what it does here | fate |\n| --- | --- | --- | --- | --- | --- |\n", title, text)
		for i := range properties {
			if p := &properties[i]; in(p) {
				b.WriteString(docRow(p))
			}
		}
	}
	section("Global properties", "They apply to a client as a whole.", func(p *property) bool {
		return p.scope == globalScope && p.kind != goKind
	})
	section("Topic properties", "They apply to all topics of a client.", func(p *property) bool { return p.scope == topicScope })
	section("This package's own properties", "Names that begin with `go.` are strict about types: a bool is no string. They are not for admin clients, but for `go.logs`.",
		func(p *property) bool { return p.scope == goScope && p.kind != goKind })
	section("Properties that take Go values", "A nil value counts as none.", func(p *property) bool { return p.kind == goKind })
	return b.String()
}

func docRow(p *property) string {
	who := "*"
	switch {
	case p.owner == 0 || p.owner == producers|consumers:
	case p.owner&consumers != 0:
		who = "C"
	default:
		who = "P"
	}
	if p.alias != "" {
		return fmt.Sprintf("| `%s` | %s | | | Another name of `%s`. | |\n", p.name, who, p.alias)
	}
	def := p.def
	if p.defConsumer != "" {
		def += " (C: " + p.defConsumer + ")"
	}
	if def != "" {
		def = "`" + strings.ReplaceAll(def, "|", `\|`) + "`"
	}
	note := p.note
	switch p.status {
	case deprecated:
		note += " *Deprecated.*"
	case experimental:
		note += " *Experimental.*"
	}
	fates := map[fate]string{mapped: "engine", own: "here", noEffect: "no effect", refused: "refused"}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s |\n", p.name, who, def, docRange(p), note, fates[p.fate])
}

func docRange(p *property) string {
	switch p.kind {
	case intKind, floatKind:
		s := fmt.Sprintf("%d..%d", p.min, p.max)
		for _, w := range p.words {
			s += ", " + w
		}
		return s
	case boolKind:
		return "true, false"
	case patternsKind:
		return "list of expressions"
	case flagsKind:
		return "list of " + strings.Join(p.words, ", ")
	case goKind:
		return "Go value"
	}
	return strings.Join(p.words, ", ")
}
