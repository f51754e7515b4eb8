package kafka

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// ConfigValue is a value of a ConfigMap: a string, a bool, an int or anything with a String method. Some keys take
// other Go values: default.topic.config a ConfigMap, go.logs.channel a channel, logger a *slog.Logger, and error_cb,
// stats_cb, throttle_cb, oauth_cb, on_commit and on_delivery functions.
type ConfigValue interface{}

// ConfigMap holds configuration properties by name: librdkafka's, and this package's own that begin with go. or take
// Go values. CONFIGURATION.md lists all of them.
//
// Names are case-sensitive. Values are read as librdkafka reads them: bools as true, t or 1 and false, f or 0; integers
// as in C, also 0x10; words of a list in any case; an empty string sets a string back to its default. A time.Duration
// is taken by its text, so 5*time.Second is 5: give plain milliseconds.
//
// Topic properties may be set beside the others, or in the ConfigMap under default.topic.config, which goes first.
type ConfigMap map[string]ConfigValue

const (
	topicConfig = "default.topic.config"
	// topicMark in front of a key of SetKey and Get means the map under default.topic.config.
	topicMark = "{topic}."
	// topicPrefix in front of a topic property may be left out, unless there is a global property of the same name.
	topicPrefix = "topic."
)

// SetKey sets a property. A key "{topic}.NAME" sets NAME in the map under default.topic.config, which is made when it
// is missing. Whether the property exists and the value fits is checked when a client is made.
//
// The error is ErrInvalidArg, for a nil map and where default.topic.config holds something else than a ConfigMap.
func (m ConfigMap) SetKey(key string, value ConfigValue) error {
	if m == nil {
		return newErrorf(ErrInvalidArg, "Can't set %s in a nil ConfigMap", key)
	}
	name, ok := strings.CutPrefix(key, topicMark)
	if !ok {
		m[key] = value
		return nil
	}
	sub, _ := m[topicConfig].(ConfigMap)
	if sub == nil {
		if v, exists := m[topicConfig]; exists && v != nil && reflect.TypeOf(v) != reflect.TypeFor[ConfigMap]() {
			return newErrorf(ErrInvalidArg, "Invalid type for key %s", topicConfig)
		}
		sub = ConfigMap{}
		m[topicConfig] = sub
	}
	sub[name] = value
	return nil
}

// Set sets a property from "key=value", as a command line flag gives it: *ConfigMap is a flag.Value but for String.
// The value is all that follows the first "=". Without one the error is ErrInvalidArg.
func (m ConfigMap) Set(kv string) error {
	key, value, ok := strings.Cut(kv, "=")
	if !ok {
		return newErrorf(ErrInvalidArg, "Expected key=value")
	}
	return m.SetKey(key, value)
}

// Get returns the value of a property as it was set, and defval where it was not. A key "{topic}.NAME" looks into the
// map under default.topic.config. A value that is not of the type of defval, unless that is nil, is an error with
// code ErrInvalidArg.
func (m ConfigMap) Get(key string, defval ConfigValue) (ConfigValue, error) {
	if name, ok := strings.CutPrefix(key, topicMark); ok {
		sub, exists := m[topicConfig]
		if !exists {
			return defval, nil
		}
		topic, ok := sub.(ConfigMap)
		if !ok {
			return nil, newErrorf(ErrInvalidArg, "Invalid type for key %s", topicConfig)
		}
		return topic.Get(name, defval)
	}
	v, ok := m[key]
	if !ok {
		return defval, nil
	}
	if defval != nil && reflect.TypeOf(defval) != reflect.TypeOf(v) {
		return nil, newErrorf(ErrInvalidArg, "%s expects type %T, not %T", key, defval, v)
	}
	return v, nil
}

// clientKind says whose configuration it is.
type clientKind int

const (
	producerClient clientKind = iota
	consumerClient
	adminClient
)

// String names the kind as the C library does, for which an admin client is a producer.
func (k clientKind) String() string {
	if k == consumerClient {
		return "consumer"
	}
	return "producer"
}

// property is one row of the table.
type property struct {
	name        string
	scope       scope
	owner       owner // who it applies to; 0 is everyone
	kind        valueKind
	min, max    int      // of intKind and floatKind
	words       []string // what a string, an enum or a list of flags may be; of an int, the word for -1
	def         string   // the default, in the form in which settings holds values
	defConsumer string   // the default of a consumer where it differs
	alias       string   // the property that this is another name of; such a row holds no more than that
	untrimmed   bool     // a string that keeps its leading spaces
	secret      bool     // never to be shown
	status      status
	fate        fate
	note        string // what it does here, for users
}

// scope says where a property may be set.
type scope int

const (
	globalScope scope = iota
	topicScope        // also in default.topic.config
	goScope           // this package's own, not librdkafka's
)

// owner is a set of kinds of client.
type owner int

const (
	producers owner = 1 << iota
	consumers
	admins
)

// has reports whether a kind of client is in the set.
func (o owner) has(k clientKind) bool { return o == 0 || o&(1<<k) != 0 }

// valueKind says how a value is read.
type valueKind int

const (
	stringKind   valueKind = iota
	intKind                // decimal, hexadecimal or octal, as in C
	floatKind              //
	boolKind               //
	enumKind               // one of words, in any case
	flagsKind              // some of words, in any case, also with + or -
	patternsKind           // comma-separated regular expressions
	goKind                 // a Go value, of the type that goTypes says
	pointerKind            // a function or pointer of the C library's: not settable
	internalKind           // of the C library's: not settable
	javaKind               // of the Java client: not settable
)

// status is what to warn of when a property is set.
type status int

const (
	stable status = iota
	deprecated
	experimental
)

// fate is what becomes of a property.
type fate int

const (
	mapped   fate = iota // becomes an option of the engine
	own                  // implemented by this package
	noEffect             // accepted, and changes nothing
	refused              // an error with a reason
)

const maxInt = math.MaxInt32

// key is the name under which settings holds a property: with "topic." in front where a global property has the
// same name.
func (p *property) key() string {
	if p.scope == topicScope && find(globalScope, p.name) != nil {
		return topicPrefix + p.name
	}
	return p.name
}

// defaultFor is the default for a kind of client.
func (p *property) defaultFor(k clientKind) string {
	if k == consumerClient && p.defConsumer != "" {
		return p.defConsumer
	}
	return p.def
}

// byName are the rows of the table, by scope and name.
var byName = func() (m [goScope + 1]map[string]*property) {
	for i := range m {
		m[i] = map[string]*property{}
	}
	for i := range properties {
		m[properties[i].scope][properties[i].name] = &properties[i]
	}
	return m
}()

// find returns a property of a scope by its name, or nil.
func find(s scope, name string) *property { return byName[s][name] }

// real returns the property that an alias means, and any other property itself.
func (p *property) real() *property {
	if p != nil && p.alias != "" {
		return find(p.scope, p.alias)
	}
	return p
}

// settings are the effective values of all properties of one client. They do not change once resolve has returned.
type settings struct {
	kind     clientKind
	vals     map[*property]*setting // those that differ from defaults, or were set to the same
	warnings []confWarning
}

// setting is the effective value of a property.
type setting struct {
	text  string // in canonical form: bools as true or false, ints in decimal, words as the table spells them
	num   int
	float float64
	set   bool // the application set it
	value any  // a Go value that the application set
}

// confWarning is a line to log with the tag CONFWARN.
type confWarning struct {
	level int
	text  string
}

func (s *settings) warnf(level int, format string, a ...any) {
	s.warnings = append(s.warnings, confWarning{level, fmt.Sprintf(format, a...)})
}

// resolve checks a configuration and works out the effective value of every property for a kind of client. m is only
// read. Errors are as librdkafka's: code ErrInvalidArg, and its text.
func resolve(m *ConfigMap, kind clientKind) (*settings, error) {
	if m == nil {
		return nil, newErrorf(ErrInvalidArg, "Expected a ConfigMap, not nil")
	}
	s := &settings{kind: kind, vals: map[*property]*setting{}}
	if err := s.read(*m); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.warn()
	return s, nil
}

// defaults are the settings of each kind of client where nothing is set. All clients share them.
var defaults = func() (d [adminClient + 1]func() map[*property]*setting) {
	for kind := range d {
		d[kind] = sync.OnceValue(func() map[*property]*setting {
			vals := make(map[*property]*setting, len(properties))
			for i := range properties {
				if p := &properties[i]; p.alias == "" {
					vals[p] = new(p.unset(clientKind(kind)))
				}
			}
			return vals
		})
	}
	return d
}()

// of returns the setting of a property, to be read only; nil of an alias.
func (s *settings) of(p *property) *setting {
	if v := s.vals[p]; v != nil {
		return v
	}
	return defaults[s.kind]()[p]
}

// own returns the setting of a property, to be changed.
func (s *settings) own(p *property) *setting {
	v := s.vals[p]
	if v == nil {
		v = new(*defaults[s.kind]()[p])
		s.vals[p] = v
	}
	return v
}

// row returns a property by its name or alias; with "topic." in front, the topic's. The name must be in the table: it
// is the program's, not a user's.
func row(name string) *property {
	for sc := globalScope; sc <= goScope; sc++ {
		if p := find(sc, name).real(); p != nil {
			return p
		}
	}
	if topic, ok := strings.CutPrefix(name, topicPrefix); ok {
		if p := find(topicScope, topic).real(); p != nil {
			return p
		}
	}
	panic("kafka: no such property in the table: " + name)
}

func (s *settings) lookup(name string) *setting { return s.of(row(name)) }

// str returns the effective value of a property of any kind as a string.
func (s *settings) str(name string) string { return s.lookup(name).text }

// num returns the effective value of an integer property.
func (s *settings) num(name string) int { return s.lookup(name).num }

// float returns the effective value of a number.
func (s *settings) float(name string) float64 { return s.lookup(name).float }

// flag returns the effective value of a bool.
func (s *settings) flag(name string) bool { return s.lookup(name).text == "true" }

// ms returns the effective value of a number of milliseconds.
func (s *settings) ms(name string) time.Duration {
	return time.Duration(s.lookup(name).float * float64(time.Millisecond))
}

// isSet reports whether the application set the property.
func (s *settings) isSet(name string) bool { return s.lookup(name).set }

// value returns the Go value that the application set: a function of exactly the type that CONFIGURATION.md says, a
// channel or a logger. It is nil where none was set.
func (s *settings) value(name string) any { return s.lookup(name).value }

// String lists what the application set, without secrets.
func (s *settings) String() string {
	var b strings.Builder
	for i := range properties {
		p := &properties[i]
		v := s.of(p)
		if v == nil || !v.set {
			continue
		}
		text := v.text
		switch {
		case p.secret:
			text = "(secret)"
		case v.value != nil:
			text = fmt.Sprintf("(%T)", v.value)
		}
		fmt.Fprintf(&b, "%s=%s\n", p.key(), text)
	}
	return b.String()
}

// GoString is String, so that no way of printing shows a secret.
func (s *settings) GoString() string { return s.String() }

// readOrder returns the keys of a configuration, aliases before the properties that they stand for: so the same map
// always means the same, and a property goes before its alias.
func readOrder(m ConfigMap) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	isAlias := func(k string) int {
		for sc := globalScope; sc <= topicScope; sc++ {
			if p := find(sc, strings.TrimPrefix(k, topicPrefix)); p != nil && p.alias != "" {
				return 0
			}
		}
		return 1
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := isAlias(a) - isAlias(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return keys
}
