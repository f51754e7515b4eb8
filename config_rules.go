package kafka

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// rules are what properties ask of each other, and the values that follow from others where they are not set, in
// librdkafka's order: where several are broken the first decides the error.
var rules = []func(*settings) error{
	(*settings).checkSoftware,
	(*settings).checkKeystore,
	(*settings).checkHTTPS,
	(*settings).checkOAuthBearer,
	(*settings).checkConsumer,
	(*settings).checkProducer,
	(*settings).checkBackoff,
	(*settings).checkMessageTimeout,
	(*settings).checkTopics,
	(*settings).checkAssignors,
	(*settings).checkSASL,
	(*settings).checkRefused,
}

// Most that an idempotent producer may have in flight; librdkafka's and the broker's bound.
const maxIdempotentInFlight = 5

func (s *settings) check() error {
	for _, rule := range rules {
		if err := rule(s); err != nil {
			return err
		}
	}
	return nil
}

// rule is the error of a broken rule, cut where librdkafka cuts it.
func rule(text string) error {
	const longest = 255
	return newErrorf(ErrInvalidArg, "%s", text[:min(len(text), longest)])
}

// putNum changes the value of an integer property that follows from others.
func (s *settings) putNum(name string, n int) { s.putInt(row(name), n) }

func (s *settings) putText(name, text string) { s.own(row(name)).text = text }

// checkSoftware cleans up what brokers accept only in parts: letters, digits, dots and dashes, none of the latter two
// at the ends.
func (s *settings) checkSoftware() error {
	for _, name := range []string{"client.software.name", "client.software.version"} {
		text := strings.TrimFunc(s.str(name), func(r rune) bool { return !alphanumeric(r) })
		clean := strings.Map(func(r rune) rune {
			if alphanumeric(r) || r == '.' || r == '-' {
				return r
			}
			return '-'
		}, text)
		if clean = strings.TrimRight(clean, ".-"); clean == "" {
			clean = row(name).def
		}
		s.putText(name, clean)
	}
	return nil
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func (s *settings) checkKeystore() error {
	if s.str("ssl.keystore.location") != "" && s.str("ssl.keystore.password") == "" {
		return rule("`ssl.keystore.password` is mandatory when `ssl.keystore.location` is set")
	}
	return nil
}

func (s *settings) checkHTTPS() error {
	location := s.str("https.ca.location")
	if location == "" {
		return nil
	}
	if s.str("https.ca.pem") != "" {
		return rule("`https.ca.location` and `https.ca.pem` are mutually exclusive")
	}
	if location == "probe" {
		return nil
	}
	if _, err := os.Stat(location); err != nil {
		return newErrorf(ErrInvalidArg, "`https.ca.location` must be an existing file or directory").withCause(err)
	}
	return nil
}

// assertionProps can't be set together with sasl.oauthbearer.assertion.file.
var assertionProps = []string{
	"private.key.file", "private.key.pem", "private.key.passphrase", "jwt.template.file", "claim.aud",
	"claim.exp.seconds", "claim.iss", "claim.jti.include", "claim.nbf.seconds", "claim.sub",
}

func (s *settings) checkOAuthBearer() error {
	const oidc, assertion = "sasl.oauthbearer.", "sasl.oauthbearer.assertion."
	if !strings.EqualFold(s.str("sasl.mechanisms"), "OAUTHBEARER") || s.str(oidc+"method") != "oidc" {
		return nil
	}
	if s.flag("enable.sasl.oauthbearer.unsecure.jwt") {
		return rule("`enable.sasl.oauthbearer.unsecure.jwt` and `sasl.oauthbearer.method=oidc` are mutually exclusive")
	}
	url := s.str(oidc+"token.endpoint.url") != ""
	switch s.str(oidc + "metadata.authentication.type") {
	case "azure_imds":
		if !url && !strings.Contains(s.str(oidc+"config"), "query=") {
			return rule("`sasl.oauthbearer.token.endpoint.url` is mandatory for Azure IMDS authentication when `query` isn't set")
		}
		return nil
	case "aws_iam":
		return nil
	}
	if !url {
		return rule("`sasl.oauthbearer.token.endpoint.url` is mandatory when `sasl.oauthbearer.method=oidc` is set")
	}
	if s.str(oidc+"grant.type") == "client_credentials" {
		for _, name := range []string{"client.id", "client.secret"} {
			if s.str(oidc+name) == "" {
				return rule("`" + oidc + name + "` is mandatory when `sasl.oauthbearer.method=oidc` is set")
			}
		}
		return nil
	}
	exclusive := func(a, b string) error {
		return rule("Mutually exclusive properties set. `" + assertion + a + "` and `" + assertion + b + "` cannot both be set")
	}
	key, pem := s.str(assertion+"private.key.file") != "", s.str(assertion+"private.key.pem") != ""
	switch {
	case s.str(assertion+"file") != "":
		for _, name := range assertionProps {
			if s.isSet(assertion + name) {
				return exclusive("file", name)
			}
		}
	case key && pem:
		return exclusive("private.key.file", "private.key.pem")
	case !key && !pem:
		return rule("`sasl.oauthbearer.assertion.private.key.file` or `sasl.oauthbearer.assertion.private.key.pem` is mandatory " +
			"when `sasl.oauthbearer.grant.type` is set to `urn:ietf:params:oauth:grant-type:jwt-bearer`")
	}
	return nil
}

// brokerSide are refused with group.protocol=consumer, where the broker's configuration has them.
var brokerSide = []struct{ name, text string }{
	{"session.timeout.ms", "`session.timeout.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined broker side"},
	{"partition.assignment.strategy", "`partition.assignment.strategy` is not supported for `group.protocol=consumer`. Use `group.remote.assignor` instead"},
	{"group.protocol.type", "`group.protocol.type` is not supported for `group.protocol=consumer` or share consumer"},
	{"heartbeat.interval.ms", "`heartbeat.interval.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined broker side"},
}

func (s *settings) checkConsumer() error {
	if s.kind != consumerClient {
		return nil
	}
	if s.str("group.id") == "" {
		// The peer makes a consumer that is in no group, and that never closes.
		return rule("Required property group.id not set")
	}
	if s.str("offset.store.method") == "none" {
		s.putText("enable.auto.commit", "false")
	}
	if s.str("group.protocol") == "consumer" {
		for _, p := range brokerSide {
			if s.isSet(p.name) {
				return rule(p.text)
			}
		}
	} else if s.num("max.poll.interval.ms") < s.num("session.timeout.ms") {
		return rule("`max.poll.interval.ms`must be >= `session.timeout.ms`")
	}
	if n := s.num("fetch.min.bytes"); n < 1 || n > 100_000_000 {
		// Tighter than the table's range.
		return rule("Configuration property \"fetch.min.bytes\" value is outside allowed range 1..100000000")
	}
	largest := s.num("message.max.bytes")
	switch {
	case !s.isSet("fetch.max.bytes"):
		s.putNum("fetch.max.bytes", max(largest, min(s.num("fetch.max.bytes"), s.num("queued.max.messages.kbytes")*1024)))
	case s.num("fetch.max.bytes") < largest:
		return rule("`fetch.max.bytes` must be >= `message.max.bytes`")
	}
	// A response is the messages and what is around them.
	const around = 512
	need := s.num("fetch.max.bytes") + around
	switch {
	case !s.isSet("receive.message.max.bytes"):
		s.putNum("receive.message.max.bytes", max(need, s.num("receive.message.max.bytes")))
	case s.num("receive.message.max.bytes") < need:
		return rule("`receive.message.max.bytes` must be >= `fetch.max.bytes` + 512")
	}
	return nil
}

func (s *settings) checkProducer() error {
	if s.kind == consumerClient {
		s.putText("enable.idempotence", "false")
		return nil
	}
	if err := s.checkTransactional(); err != nil {
		return err
	}
	if s.flag("delivery.report.only.error") && s.kind == producerClient {
		return newErrorf(ErrUnsupportedFeature, "delivery.report.only.error=true is not currently supported by the Go client")
	}
	if s.flag("enable.idempotence") {
		const inFlight = "max.in.flight.requests.per.connection"
		switch {
		case !s.isSet(inFlight):
			s.putNum(inFlight, maxIdempotentInFlight)
		case s.num(inFlight) > maxIdempotentInFlight:
			return rule("`max.in.flight` must be set <= 5 when `enable.idempotence` is true")
		}
		if s.num("message.send.max.retries") < 1 {
			return rule("`retries` must be set >= 1 when `enable.idempotence` is true")
		}
		if s.num("queue.buffering.backpressure.threshold") > 1 {
			return rule("`queue.buffering.backpressure.threshold` must be set to 1 when `enable.idempotence` is true")
		}
	} else if s.flag("enable.gapless.guarantee") {
		return rule("`enable.gapless.guarantee` requires `enable.idempotence` to be enabled")
	}
	if !s.isSet("sticky.partitioning.linger.ms") {
		const longest = 900_000
		s.putNum("sticky.partitioning.linger.ms", int(min(longest, 2*s.float("queue.buffering.max.ms"))))
	}
	return nil
}

func (s *settings) checkTransactional() error {
	if s.str("transactional.id") == "" {
		return nil
	}
	if s.isSet("enable.idempotence") && !s.flag("enable.idempotence") {
		return rule("`transactional.id` requires `enable.idempotence=true`")
	}
	s.putText("enable.idempotence", "true")
	txn := s.num("transaction.timeout.ms")
	switch {
	case !s.isSet("socket.timeout.ms"): // a request must end before the transaction does
		s.putNum("socket.timeout.ms", max(txn-100, 900))
	case txn+100 < s.num("socket.timeout.ms"):
		return rule("`socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100")
	}
	return nil
}

func (s *settings) checkBackoff() error {
	if refresh := s.num("topic.metadata.refresh.interval.ms"); refresh > 0 && !s.isSet("metadata.max.age.ms") {
		s.putNum("metadata.max.age.ms", 3*refresh)
	}
	if s.num("reconnect.backoff.max.ms") < s.num("reconnect.backoff.ms") {
		return rule("`reconnect.backoff.max.ms` must be >= `reconnect.backoff.ms`")
	}
	if !s.isSet("topic.metadata.refresh.fast.interval.ms") {
		s.putNum("topic.metadata.refresh.fast.interval.ms", s.num("retry.backoff.ms"))
	}
	if strings.Contains(strings.ToLower(s.str("metadata.broker.list")), "azure") && !s.isSet("connections.max.idle.ms") {
		s.putNum("connections.max.idle.ms", 230_000) // Azure cuts idle connections after four minutes
	}
	if s.str("debug") != "" {
		s.putNum("log_level", logDebug)
	}
	if s.flag("go.logs.channel.enable") {
		s.putText("log.queue", "true")
	}
	return nil
}

// checkMessageTimeout compares message.timeout.ms with linger.ms. librdkafka leaves out this check, and refuses every
// message instead, where no topic property is set at all.
func (s *settings) checkMessageTimeout() error {
	timeout, linger := s.float("message.timeout.ms"), s.float("queue.buffering.max.ms")
	if s.kind == consumerClient || timeout == 0 || timeout > linger || !s.topicSet() {
		return nil
	}
	if s.isSet("queue.buffering.max.ms") {
		return rule("`message.timeout.ms` must be greater than `linger.ms`")
	}
	s.putFloat(row("queue.buffering.max.ms"), timeout-0.1)
	return nil
}

// topicSet reports whether the application set a topic property.
func (s *settings) topicSet() bool {
	for p, v := range s.vals {
		if v.set && (p.scope == topicScope || p.name == topicConfig) {
			return true
		}
	}
	return false
}

func (s *settings) checkTopics() error {
	if s.kind == consumerClient || !s.flag("enable.idempotence") {
		return nil
	}
	if s.num("request.required.acks") != -1 {
		return rule("`acks` must be set to `all` when `enable.idempotence` is true")
	}
	if s.str("queuing.strategy") != "fifo" {
		return rule("`queuing.strategy` must be set to `fifo` when `enable.idempotence` is true")
	}
	if s.str("transactional.id") == "" {
		return nil
	}
	txn := s.num("transaction.timeout.ms")
	switch {
	case !s.isSet("message.timeout.ms"):
		s.putNum("message.timeout.ms", txn)
	case s.num("message.timeout.ms") > txn:
		return rule("`message.timeout.ms` must be set <= `transaction.timeout.ms`")
	}
	return s.checkMessageTimeout()
}

// cooperative says of each assignor whether it moves partitions one by one.
var cooperative = map[string]bool{"range": false, "roundrobin": false, "cooperative-sticky": true}

// assignors returns the assignors of partition.assignment.strategy, in order.
func (s *settings) assignors() []string {
	var names []string
	for name := range strings.SplitSeq(s.str("partition.assignment.strategy"), ",") {
		if name = strings.TrimLeft(name, " "); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (s *settings) checkAssignors() error {
	list := s.str("partition.assignment.strategy")
	names := s.assignors()
	if len(names) == 0 {
		if list != "" {
			return rule("Unsupported partition.assignment.strategy: ")
		}
		// Nothing but spaces: the peer would have no assignor at all.
		s.reset(row("partition.assignment.strategy"))
		names = s.assignors()
	}
	for _, name := range names {
		if _, ok := cooperative[name]; !ok || s.str("group.protocol.type") != "consumer" {
			return rule("Unsupported partition.assignment.strategy: " + name)
		}
		if cooperative[name] != cooperative[names[0]] {
			return rule("All partition.assignment.strategy (" + list + ") assignors must have the same protocol type, " +
				"online migration between assignors with different protocol types is not supported")
		}
	}
	return nil
}

func (s *settings) usesSASL() bool { return strings.HasPrefix(s.str("security.protocol"), "sasl_") }
func (s *settings) usesTLS() bool  { return strings.HasSuffix(s.str("security.protocol"), "ssl") }

func (s *settings) checkSASL() error {
	if !s.usesSASL() {
		return nil
	}
	switch mechanism := s.str("sasl.mechanisms"); mechanism {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if s.str("sasl.username") == "" || s.str("sasl.password") == "" {
			return rule("sasl.username and sasl.password must be set")
		}
	case "OAUTHBEARER":
		if s.str("sasl.oauthbearer.method") == "oidc" {
			return rule("sasl.oauthbearer.method=oidc is not built in: set the token with SetOAuthBearerToken or oauth_cb")
		}
	case "GSSAPI":
		return newErrorf(ErrInvalidArg, "No provider for SASL mechanism GSSAPI: recompile librdkafka with libsasl2 or openssl support. "+
			"Current build options: PLAIN SASL_SCRAM OAUTHBEARER").
			withCause(errors.New("sasl.mechanisms=GSSAPI, which is the default, needs Kerberos: it is not part of this package and will come as a module of its own; set another mechanism"))
	default:
		return rule("Unsupported SASL mechanism: " + mechanism)
	}
	return nil
}

// checkRefused refuses what can't be done without C. What only matters to TLS is refused where TLS is in use.
func (s *settings) checkRefused() error {
	if s.str("plugin.library.paths") != "" {
		return rule("plugin.library.paths: C libraries can't be loaded without cgo; leave it empty")
	}
	if !s.usesTLS() {
		return nil
	}
	for _, p := range []struct{ name, reason string }{
		{"ssl.crl.location", "revocation lists are not supported yet"},
		{"ssl.engine.location", "an OpenSSL engine can't be loaded without cgo"},
		{"ssl.sigalgs.list", "Go's TLS can't restrict signature algorithms"},
	} {
		if s.str(p.name) != "" {
			return rule(p.name + ": " + p.reason + "; leave it out")
		}
	}
	return nil
}

// warn collects the lines that tell of properties which do not do what the application may expect.
func (s *settings) warn() {
	other := owner(producers)
	otherName := "producer"
	if s.kind != consumerClient {
		other, otherName = consumers, "consumer"
	}
	for i := range properties {
		p := &properties[i]
		v := s.of(p)
		if v == nil || !v.set {
			continue
		}
		switch {
		case p.scope == goScope: // the peer warns of none
		case p.status == deprecated:
			s.warnf(logWarning, "Configuration property %s is deprecated: %s", p.name, p.note)
		case p.status == experimental:
			s.warnf(logWarning, "Configuration property %s is experimental: %s", p.name, p.note)
		}
		if p.owner&other != 0 && !p.owner.has(s.kind) {
			s.warnf(logWarning, "Configuration property %s is a %s property and will be ignored by this %v instance", p.name, otherName, s.kind)
		}
	}
	s.warnPairs()
}

// warnPairs warns of values that are odd together.
func (s *settings) warnPairs() {
	longest := s.num("retry.backoff.max.ms")
	for _, name := range []string{"retry.backoff.ms", "topic.metadata.refresh.fast.interval.ms"} {
		if s.num(name) > longest && (name == "retry.backoff.ms" || s.isSet(name)) {
			s.warnf(logWarning, "Configuration `%s` with value %d is greater than configuration `retry.backoff.max.ms` with value %d. "+
				"A static backoff with value `retry.backoff.max.ms` will be applied.", name, s.num(name), longest)
		}
	}
	if s.kind == consumerClient && s.num("fetch.wait.max.ms")+1000 > s.num("socket.timeout.ms") {
		s.warnf(logWarning, "Configuration property `fetch.wait.max.ms` (%d) should be set lower than `socket.timeout.ms` (%d) "+
			"by at least 1000ms to avoid blocking and timing out sub-sequent requests", s.num("fetch.wait.max.ms"), s.num("socket.timeout.ms"))
	}
	if s.isSet("sasl.mechanisms") && !s.usesSASL() {
		s.warnf(logWarning, "Configuration property `sasl.mechanism` set to `%s` but `security.protocol` is not configured for SASL: "+
			"recommend setting `security.protocol` to SASL_SSL or SASL_PLAINTEXT", s.str("sasl.mechanisms"))
	}
	if m := s.str("sasl.mechanisms"); s.isSet("sasl.username") && m != "PLAIN" && !strings.HasPrefix(m, "SCRAM") {
		s.warnf(logWarning, "Configuration property `sasl.username` only applies when `sasl.mechanism` is set to PLAIN or SCRAM-SHA-..")
	}
	if s.kind != consumerClient && s.str("metadata.broker.list") == "" && s.num("test.mock.num.brokers") == 0 {
		s.warnf(logNotice, "No `bootstrap.servers` configured: client will not be able to connect to Kafka cluster")
	}
}
