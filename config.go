package kafka

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// INTERIM: to be replaced by the configuration work; the method set of settings stays.

// ConfigValue is a value in a ConfigMap: a string, bool, int, fmt.Stringer, or a ConfigMap for default.topic.config.
type ConfigValue interface{}

// ConfigMap holds configuration properties by name.
type ConfigMap map[string]ConfigValue

// clientKind says whose configuration it is.
type clientKind int

const (
	producerClient clientKind = iota
	consumerClient
	adminClient
)

// settings are the effective values of all properties of one client.
type settings struct {
	kind clientKind
	vals map[string]string
	set  map[string]bool
	any  map[string]any
}

//go:embed testdata/properties.tsv
var interimProps string

func resolve(m *ConfigMap, kind clientKind) (*settings, error) {
	s := &settings{kind: kind, vals: map[string]string{}, set: map[string]bool{}, any: map[string]any{}}
	alias := map[string]string{}
	for _, l := range strings.Split(interimProps, "\n") {
		f := strings.Split(l, "\t")
		if len(f) < 7 {
			continue
		}
		if _, dup := s.vals[f[0]]; !dup {
			s.vals[f[0]] = f[5]
		}
		alias[f[0]] = f[6]
	}
	if kind == producerClient {
		s.vals["go.events.channel.size"] = "1000000"
	} else {
		s.vals["go.events.channel.size"] = "1000"
	}
	for k, v := range *m {
		if alias[k] != "" {
			k = alias[k]
		}
		s.vals[k], s.set[k], s.any[k] = fmt.Sprint(v), true, v
	}
	return s, nil
}

// str returns the effective value of a string, enum or list property. All accessors take the name in the table, not
// an alias, and panic on a name that the table does not have.
func (s *settings) str(name string) string {
	v, ok := s.vals[name]
	if !ok {
		panic("no such property: " + name)
	}
	return v
}

func (s *settings) num(name string) int       { n, _ := strconv.Atoi(s.str(name)); return n }
func (s *settings) float(name string) float64 { n, _ := strconv.ParseFloat(s.str(name), 64); return n }
func (s *settings) flag(name string) bool     { return s.str(name) == "true" }
func (s *settings) ms(name string) time.Duration {
	return time.Duration(s.float(name) * float64(time.Millisecond))
}

// isSet reports whether the application set the property.
func (s *settings) isSet(name string) bool { return s.set[name] }

// value returns what the application set, for properties that take Go values (callbacks, channels, loggers); else nil.
func (s *settings) value(name string) any { return s.any[name] }
