package kafka

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// maxConfText is the longest text, in bytes, of an error about one property: librdkafka cuts it there.
const maxConfText = 127

// confErrorf makes the error of a property or value.
func confErrorf(format string, a ...any) Error {
	text := fmt.Sprintf(format, a...)
	return newErrorf(ErrInvalidArg, "%s", text[:min(len(text), maxConfText)])
}

// goTypes are the types that goKind properties take.
var goTypes = map[string]reflect.Type{
	topicConfig:       reflect.TypeFor[ConfigMap](),
	"error_cb":        reflect.TypeFor[func(Error)](),
	"go.logs.channel": reflect.TypeFor[chan LogEvent](),
	"logger":          reflect.TypeFor[leveledLogger](),
	"oauth_cb":        reflect.TypeFor[func(string) (OAuthBearerToken, error)](),
	"on_commit":       reflect.TypeFor[func(error, []TopicPartition)](),
	"on_delivery":     reflect.TypeFor[func(*Message, error)](),
	"stats_cb":        reflect.TypeFor[func(string)](),
	"throttle_cb":     reflect.TypeFor[func(string, int32, time.Duration)](),
}

// reset sets a property to its default.
func (s *settings) reset(p *property) {
	v := s.own(p)
	set := v.set
	*v = p.unset(s.kind)
	v.set = set
}

// unset is the setting of a property that nobody set.
func (p *property) unset(k clientKind) setting {
	v := setting{text: p.defaultFor(k)}
	switch p.kind {
	case intKind:
		v.num = atoi(v.text)
		v.float = float64(v.num)
	case floatKind:
		v.float, _ = strconv.ParseFloat(v.text, 64)
	}
	return v
}

// atoi reads a default of the table, which a test checks.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// putInt gives an integer property a value.
func (s *settings) putInt(p *property, n int) {
	v := s.own(p)
	v.num, v.float, v.text = n, float64(n), strconv.Itoa(n)
}

// putFloat gives a floating-point property a value.
func (s *settings) putFloat(p *property, f float64) {
	v := s.own(p)
	v.num, v.float, v.text = int(f), f, formatFloat(f)
}

// read takes over what the application set. Keys go in a fixed order, so the same configuration always gives the same
// error: first what needs an answer before all else, this package's own keys, then librdkafka's, and the map of topic
// properties last, since it goes before what is set beside it.
func (s *settings) read(m ConfigMap) error {
	if s.kind == consumerClient && m["group.id"] == nil {
		return newErrorf(ErrInvalidArg, "Required property group.id not set")
	}
	if s.kind == producerClient && m["delivery.report.only.error"] == true {
		return newErrorf(ErrUnsupportedFeature, "delivery.report.only.error=true is not currently supported by the Go client")
	}
	keys := readOrder(m)
	for _, k := range keys {
		if p := find(goScope, k); p != nil && p.kind != goKind && p.owner.has(s.kind) {
			if err := s.readGo(p, m[k]); err != nil {
				return err
			}
		}
	}
	if v, ok := m["plugin.library.paths"]; ok {
		if err := s.readKey("plugin.library.paths", v, globalScope); err != nil {
			return err
		}
	}
	for _, k := range keys {
		if p := find(goScope, k); p != nil && p.kind != goKind && p.owner.has(s.kind) || k == topicConfig || k == "plugin.library.paths" {
			continue
		}
		if err := s.readKey(k, m[k], globalScope); err != nil {
			return err
		}
	}
	if v, ok := m[topicConfig]; ok {
		return s.readTopics(v)
	}
	return nil
}

// readTopics takes over the map under default.topic.config.
func (s *settings) readTopics(v ConfigValue) error {
	topics, ok := v.(ConfigMap)
	if !ok {
		if _, err := textOf(topicConfig, v); err != nil {
			return err
		}
		return unknown(topicConfig, globalScope, s.kind)
	}
	p := find(goScope, topicConfig)
	set := s.own(p)
	set.set, set.value = true, topics
	for _, k := range readOrder(topics) {
		if err := s.readKey(k, topics[k], topicScope); err != nil {
			return err
		}
	}
	return nil
}

// readGo takes over one of this package's own properties that are plain values. They are strict about types.
func (s *settings) readGo(p *property, v ConfigValue) error {
	var ok bool
	var want string
	set := s.own(p)
	switch p.kind {
	case boolKind:
		var b bool
		b, ok = v.(bool)
		want, set.text = "bool", strconv.FormatBool(b)
	case intKind:
		var n int
		n, ok = v.(int)
		want = "int"
		if ok && (n < p.min || n > p.max) {
			return outside(p, strconv.Itoa(n))
		}
		s.putInt(p, n)
	default:
		set.text, ok = v.(string)
		want = "string"
	}
	if !ok {
		return newErrorf(ErrInvalidArg, "%s expects type %s, not %T", p.name, want, v)
	}
	set.set = true
	if p.name == "go.delivery.report.fields" {
		return checkReportFields(set.text)
	}
	return nil
}

// checkReportFields checks a list of message fields. Its error is no Error, as in the peer.
func checkReportFields(list string) error {
	if list == "" || list == "all" || list == "none" {
		return nil
	}
	for f := range strings.SplitSeq(list, ",") {
		if f != "key" && f != "value" && f != "headers" {
			return fmt.Errorf("unknown message field: %s", f)
		}
	}
	return nil
}

// readKey takes over one property of librdkafka's, or one that takes a Go value. In the global scope topic properties
// are known too.
func (s *settings) readKey(key string, v ConfigValue, sc scope) error {
	if _, ok := v.(ConfigMap); ok {
		return newErrorf(ErrInvalidArg, "Invalid type for key %s", key)
	}
	p := find(sc, key)
	if sc == globalScope {
		if own := find(goScope, key); own != nil && own.kind == goKind {
			p = own
		}
	}
	if p != nil && p.kind == goKind {
		return s.readValue(p, v)
	}
	text, err := textOf(key, v)
	if err != nil {
		return err
	}
	if p == nil {
		key = strings.TrimPrefix(key, topicPrefix)
		p = find(topicScope, key)
	}
	if p == nil {
		return unknown(key, sc, s.kind)
	}
	if d, ok := v.(time.Duration); ok && (p.real().kind == intKind || p.real().kind == floatKind) {
		s.warnf(logWarning, "Configuration property %s was set to the time.Duration %v, of which only the leading number counts: set milliseconds", key, d)
	}
	return s.readText(p.real(), text)
}

// readValue takes over a Go value. nil is no value, a value whose type only differs by its name is fine.
func (s *settings) readValue(p *property, v ConfigValue) error {
	if v == nil {
		return nil
	}
	want := goTypes[p.name]
	rv := reflect.ValueOf(v)
	iface := want.Kind() == reflect.Interface // which any type with its methods fits, of which pointers may be nil
	if rv.Type().ConvertibleTo(want) && (iface || rv.Kind() == want.Kind()) {
		if iface && rv.Kind() != reflect.Pointer || !rv.IsNil() {
			set := s.own(p)
			set.set, set.value = true, rv.Convert(want).Interface()
		}
		return nil
	}
	if _, err := textOf(p.name, v); err == nil && p.scope == globalScope {
		return mustBeFunction(p)
	}
	expected := want.String()
	if iface {
		expected = "*slog.Logger"
	}
	return newErrorf(ErrInvalidArg, "Invalid value type %T for key %s (expected %s)", v, p.name, expected)
}

// textOf is the text of a value that is not one of the Go values.
func textOf(key string, v ConfigValue) (string, error) {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case string:
		return v, nil
	case fmt.Stringer:
		return v.String(), nil
	}
	return "", newErrorf(ErrInvalidArg, "Invalid value type %T for key %s (expected string,bool,int,ConfigMap)", v, key)
}

// readText takes over a value by its text. An empty one sets a string back to its default.
func (s *settings) readText(p *property, text string) error {
	if p.name == "ssl.ca.certificate.stores" && runtime.GOOS != "windows" {
		return confErrorf("Configuration property %q not supported in this build: configuration only valid on Windows", p.name)
	}
	var err error
	switch p.kind {
	case stringKind:
		err = s.readString(p, text)
	case intKind:
		err = s.readInt(p, text)
	case floatKind:
		err = s.readFloat(p, text)
	case boolKind:
		err = s.readBool(p, text)
	case enumKind:
		err = s.readEnum(p, text)
	case flagsKind:
		err = s.readFlags(p, text)
	case patternsKind:
		err = s.readPatterns(p, text)
	case pointerKind:
		err = mustBeFunction(p)
	case internalKind:
		err = confErrorf("Internal property %q not settable", p.name)
	case javaKind:
		err = confErrorf("%s", javaTexts[p.name])
	}
	if blank := p.kind == enumKind && strings.TrimLeft(text, cSpace) == ""; err == nil && !blank {
		s.own(p).set = true
	}
	return err
}

func mustBeFunction(p *property) error {
	return confErrorf("Property %q must be set through dedicated .._set_..() function", p.name)
}

// javaTexts are what librdkafka says of properties of the Java client.
var javaTexts = map[string]string{
	"ssl.truststore.location": "Java TrustStores are not supported, use `ssl.ca.location` and a certificate file instead. See https://github.com/confluentinc/librdkafka/wiki/Using-SSL-with-librdkafka for more information.",
	"sasl.jaas.config":        "Java JAAS configuration is not supported, see https://github.com/confluentinc/librdkafka/wiki/Using-SASL-with-librdkafka for more information.",
}

// cSpace are the bytes that C takes for white space.
const cSpace = " \t\n\v\f\r"

func (s *settings) readString(p *property, text string) error {
	v := s.own(p)
	null := text == ""
	if !p.untrimmed {
		text = strings.TrimLeft(text, cSpace)
	}
	ok := true
	switch {
	case p.name == "sasl.mechanisms":
		ok = !null && !strings.ContainsAny(text, ", ")
	case p.name == "broker.version.fallback": // any text but that of two versions that are too old
		ok = !null && !strings.HasPrefix(text, "0.7.") && !strings.HasPrefix(text, "0.6.")
	case p.words != nil:
		ok = p.word(text) == text && text != ""
	}
	if !ok {
		shown := text
		if null {
			shown = "(null)"
		}
		return confErrorf("Invalid value for configuration property %q: %s", p.name, shown)
	}
	if text == "" && p.name == "transactional.id" && !null {
		return confErrorf("Invalid value for configuration property %q: it is blank", p.name)
	}
	if v.text = text; null {
		s.reset(p)
	}
	return nil
}

// word returns the word of the table that text is in any case, or "".
func (p *property) word(text string) string {
	for _, w := range p.words {
		if strings.EqualFold(w, text) {
			return w
		}
	}
	return ""
}

func (s *settings) readBool(p *property, text string) error {
	switch strings.ToLower(text) {
	case "true", "t", "1":
		s.own(p).text = "true"
	case "false", "f", "0":
		s.own(p).text = "false"
	case "":
		return confErrorf("Bool configuration property %q cannot be set to empty value", p.name)
	default:
		return confErrorf("Expected bool value for %q: true or false", p.name)
	}
	return nil
}

// readInt reads an integer as C does: what follows the number is ignored. Unlike librdkafka, which lets a number that
// is too large for an int wrap around, it refuses one.
func (s *settings) readInt(p *property, text string) error {
	if text == "" {
		return confErrorf("Integer configuration property %q cannot be set to empty value", p.name)
	}
	n, ok := strtol(text)
	if !ok {
		if p.word(text) == "" {
			return confErrorf("Invalid value for configuration property %q", p.name)
		}
		n = -1
	}
	if n < int64(p.min) || n > int64(p.max) {
		return outside(p, strconv.FormatInt(n, 10))
	}
	s.putInt(p, int(n))
	return nil
}

// strtol reads the integer at the start of s, with white space and a sign before it, as C's strtol does with base 0:
// 0x is hexadecimal, a leading 0 octal. A number that is too large becomes the nearest int64. It reports whether there
// is a number at all.
func strtol(s string) (int64, bool) {
	s = strings.TrimLeft(s, cSpace)
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	base, digits := 10, "0123456789"
	switch {
	case len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && isHex(s[2]):
		base, digits, s = 16, "0123456789abcdefABCDEF", s[2:]
	case s != "" && s[0] == '0':
		base, digits = 8, "01234567"
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(digits, r) })
	if end < 0 {
		end = len(s)
	}
	if end == 0 {
		return 0, false
	}
	n, _ := strconv.ParseInt(sign+s[:end], base, 64) // out of range is the nearest, which is what is wanted
	return n, true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// number is what C's strtod reads at the start of a string.
var number = regexp.MustCompile(`(?i)^[ \t\n\v\f\r]*([+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan))`)

// readFloat reads a number as C does. Unlike librdkafka it refuses NaN.
func (s *settings) readFloat(p *property, text string) error {
	if text == "" {
		return confErrorf("Float configuration property %q cannot be set to empty value", p.name)
	}
	m := number.FindStringSubmatch(text)
	if m == nil {
		return confErrorf("Invalid value for configuration property %q", p.name)
	}
	lit := strings.ToLower(m[1])
	if strings.Contains(lit, "0x") && !strings.Contains(lit, "p") {
		lit += "p0"
	}
	f, err := strconv.ParseFloat(lit, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f) {
		return confErrorf("Invalid value for configuration property %q", p.name)
	}
	if f < float64(p.min) || f > float64(p.max) {
		return outside(p, formatFloat(f))
	}
	s.putFloat(p, f)
	return nil
}

// formatFloat writes a number as C's %g does.
func formatFloat(f float64) string {
	if math.IsInf(f, 0) {
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

func outside(p *property, value string) error {
	return confErrorf("Configuration property %q value %s is outside allowed range %d..%d\n", p.name, value, p.min, p.max)
}

func (s *settings) readEnum(p *property, text string) error {
	if text == "" {
		return confErrorf("Configuration property %q cannot be set to empty value", p.name)
	}
	if text = strings.TrimLeft(text, cSpace); text == "" {
		return nil // librdkafka takes nothing but spaces for no value
	}
	w := p.word(text)
	if w == "" {
		return confErrorf("Invalid value \"%s\" for configuration property %q", text, p.name)
	}
	s.own(p).text = w
	return nil
}

// readFlags reads a comma-separated list of words, each of which is added, or with - in front taken away.
func (s *settings) readFlags(p *property, text string) error {
	if text == "" {
		return confErrorf("Configuration property %q cannot be set to empty value", p.name)
	}
	on := map[string]bool{}
	for w := range strings.SplitSeq(s.of(p).text, ",") {
		on[w] = true
	}
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimLeft(item, cSpace)
		item, remove := strings.CutPrefix(item, "-")
		if !remove {
			item = strings.TrimPrefix(item, "+")
		}
		if item == "" {
			continue
		}
		w := p.word(item)
		switch {
		case w == "":
			return confErrorf("Invalid value \"%s\" for configuration property %q", item, p.name)
		case p.name == "builtin.features" && missingFeatures[w] != "":
			return confErrorf("Unsupported value \"%s\" for configuration property %q: %s", item, p.name, missingFeatures[w])
		case w == "all": // every word is part of it
			for _, w := range p.words {
				on[w] = !remove
			}
		default:
			on[w] = !remove
			if remove {
				delete(on, "all")
			}
		}
	}
	var list []string
	for _, w := range p.words {
		if on[w] {
			list = append(list, w)
		}
	}
	s.own(p).text = strings.Join(list, ",")
	return nil
}

// missingFeatures are the words of builtin.features that this library lacks, and why.
var missingFeatures = map[string]string{
	"sasl_gssapi": "Kerberos is not built in",
	"plugins":     "C libraries can't be loaded without cgo",
	"http":        "OIDC is not built in",
	"oidc":        "OIDC is not built in",
}

// readPatterns checks a comma-separated list of regular expressions.
func (s *settings) readPatterns(p *property, text string) error {
	if text != "" {
		for re := range strings.SplitSeq(text, ",") {
			if _, err := regexp.Compile(re); err != nil {
				return confErrorf("Failed to parse pattern \"%s\": %v", re, err).withCause(err)
			}
		}
	}
	s.own(p).text = text
	return nil
}
