package kafka

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// verdicts are configurations and what the peer says of them, "" where it takes them, as seen by running it. Those
// that it answers differently have the reason in diverges.
var verdicts = []struct {
	kind     clientKind
	conf     ConfigMap
	err      string
	diverges string
}{
	// Numbers.
	{producerClient, ConfigMap{"linger.ms": "1e3"}, "", ""},
	{producerClient, ConfigMap{"linger.ms": "-1"}, "Configuration property \"queue.buffering.max.ms\" value -1 is outside allowed range 0..900000\n", ""},
	{producerClient, ConfigMap{"linger.ms": "900000.5"}, "Configuration property \"queue.buffering.max.ms\" value 900000 is outside allowed range 0..900000\n", ""},
	{producerClient, ConfigMap{"linger.ms": "123456789"}, "Configuration property \"queue.buffering.max.ms\" value 1.23457e+08 is outside allowed range 0..900000\n", ""},
	{producerClient, ConfigMap{"linger.ms": "inf"}, "Configuration property \"queue.buffering.max.ms\" value inf is outside allowed range 0..900000\n", ""},
	{producerClient, ConfigMap{"linger.ms": "abc"}, `Invalid value for configuration property "queue.buffering.max.ms"`, ""},
	{producerClient, ConfigMap{"linger.ms": ""}, `Float configuration property "queue.buffering.max.ms" cannot be set to empty value`, ""},
	{producerClient, ConfigMap{"linger.ms": "nan"}, `Invalid value for configuration property "queue.buffering.max.ms"`, "the peer lingers for NaN milliseconds"},
	{producerClient, ConfigMap{"retries": "4294967296"}, "Configuration property \"message.send.max.retries\" value 4294967296 is outside allowed range 0..2147483647\n", "the peer wraps around to 0"},
	{producerClient, ConfigMap{"retries": "-"}, `Invalid value for configuration property "message.send.max.retries"`, ""},
	{producerClient, ConfigMap{"retries": ""}, `Integer configuration property "message.send.max.retries" cannot be set to empty value`, ""},
	{producerClient, ConfigMap{"acks": -2}, "Configuration property \"request.required.acks\" value -2 is outside allowed range -1..1000\n", ""},
	{producerClient, ConfigMap{"acks": " all"}, `Invalid value for configuration property "request.required.acks"`, ""},
	{producerClient, ConfigMap{"compression.level": 13}, "Configuration property \"compression.level\" value 13 is outside allowed range -1..12\n", ""},
	{consumerClient, ConfigMap{"topic.auto.commit.interval.ms": 1}, "Configuration property \"auto.commit.interval.ms\" value 1 is outside allowed range 10..86400000\n", ""},
	{consumerClient, ConfigMap{"auto.commit.interval.ms": 1}, "", ""},
	{consumerClient, ConfigMap{"fetch.min.bytes": 0}, `Configuration property "fetch.min.bytes" value is outside allowed range 1..100000000`, ""},
	// Words.
	{producerClient, ConfigMap{"compression.codec": "GZIP"}, "", ""},
	{producerClient, ConfigMap{"compression.codec": "gzip "}, `Invalid value "gzip " for configuration property "compression.codec"`, ""},
	{producerClient, ConfigMap{"compression.codec": "inherit"}, `Invalid value "inherit" for configuration property "compression.codec"`, ""},
	{producerClient, ConfigMap{"compression.codec": ""}, `Configuration property "compression.codec" cannot be set to empty value`, ""},
	{producerClient, ConfigMap{"socket.keepalive.enable": ""}, `Bool configuration property "socket.keepalive.enable" cannot be set to empty value`, ""},
	{producerClient, ConfigMap{"socket.keepalive.enable": "yes"}, `Expected bool value for "socket.keepalive.enable": true or false`, ""},
	{producerClient, ConfigMap{"debug": "bogus"}, `Invalid value "bogus" for configuration property "debug"`, ""},
	{producerClient, ConfigMap{"debug": "broker ,topic"}, `Invalid value "broker " for configuration property "debug"`, ""},
	{producerClient, ConfigMap{"debug": ""}, `Configuration property "debug" cannot be set to empty value`, ""},
	{producerClient, ConfigMap{"builtin.features": "gzip,-lz4"}, "", ""},
	{producerClient, ConfigMap{"builtin.features": "sasl_gssapi"}, `Unsupported value "sasl_gssapi" for configuration property "builtin.features": Kerberos is not built in`, "the reason"},
	{producerClient, ConfigMap{"partitioner": "MURMUR2"}, `Invalid value for configuration property "partitioner": MURMUR2`, ""},
	{producerClient, ConfigMap{"partitioner": ""}, `Invalid value for configuration property "partitioner": (null)`, ""},
	{producerClient, ConfigMap{"partitioner": " murmur2"}, "", ""},
	{producerClient, ConfigMap{"sasl.mechanism": "a,b"}, `Invalid value for configuration property "sasl.mechanisms": a,b`, ""},
	{producerClient, ConfigMap{"broker.version.fallback": ""}, `Invalid value for configuration property "broker.version.fallback": (null)`, ""},
	{producerClient, ConfigMap{"topic.blacklist": "^a,^x("}, "Failed to parse pattern \"^x(\": error parsing regexp: missing closing ): `^x(`", "the reason is Go's"},
	// Names.
	{producerClient, ConfigMap{"no.such.property": 1}, `No such configuration property: "no.such.property"`, ""},
	{producerClient, ConfigMap{"Acks": 1}, `No such configuration property: "Acks" (did you mean "acks"?)`, "the key that was meant"},
	{producerClient, ConfigMap{"linger": "x"}, `No such configuration property: "linger" (did you mean "linger.ms"?)`, "the key that was meant"},
	{producerClient, ConfigMap{"bootstrap.server": "x"}, `No such configuration property: "bootstrap.server" (did you mean "bootstrap.servers"?)`, "the key that was meant"},
	{producerClient, ConfigMap{"topic.topic.acks": 1}, `No such configuration property: "topic.acks"`, ""},
	{producerClient, ConfigMap{"topic.bootstrap.servers": 1}, `No such configuration property: "bootstrap.servers"`, ""},
	{producerClient, ConfigMap{"{topic}.acks": 1}, `No such configuration property: "{topic}.acks"`, ""},
	{producerClient, ConfigMap{"go.events.channel.enable": true}, `No such configuration property: "go.events.channel.enable"`, ""},
	{consumerClient, ConfigMap{"go.batch.producer": true}, `No such configuration property: "go.batch.producer"`, ""},
	{adminClient, ConfigMap{"go.events.channel.size": 1}, `No such configuration property: "go.events.channel.size"`, ""},
	{producerClient, ConfigMap{topicConfig: ConfigMap{"bootstrap.servers": "x"}}, `No such configuration property: "bootstrap.servers"`, ""},
	{producerClient, ConfigMap{topicConfig: "x"}, `No such configuration property: "default.topic.config"`, ""},
	{producerClient, ConfigMap{"x": ConfigMap{}}, "Invalid type for key x", ""},
	{producerClient, ConfigMap{strings.Repeat("k", 200): 1}, `No such configuration property: "` + strings.Repeat("k", 127-len(`No such configuration property: "`)), ""},
	// Types.
	{producerClient, ConfigMap{"acks": nil}, "Invalid value type <nil> for key acks (expected string,bool,int,ConfigMap)", ""},
	{producerClient, ConfigMap{"acks": int64(1)}, "Invalid value type int64 for key acks (expected string,bool,int,ConfigMap)", ""},
	{producerClient, ConfigMap{"debug": []string{"all"}}, "Invalid value type []string for key debug (expected string,bool,int,ConfigMap)", ""},
	{producerClient, ConfigMap{"client.id": stringer("x"), "retries": stringer("3")}, "", ""},
	{producerClient, ConfigMap{"go.batch.producer": "true"}, "go.batch.producer expects type bool, not string", ""},
	{producerClient, ConfigMap{"go.produce.channel.size": "10"}, "go.produce.channel.size expects type int, not string", ""},
	{producerClient, ConfigMap{"go.produce.channel.size": -1}, "Configuration property \"go.produce.channel.size\" value -1 is outside allowed range 0..2147483647\n", "the peer panics"},
	{producerClient, ConfigMap{"go.delivery.report.fields": true}, "go.delivery.report.fields expects type string, not bool", ""},
	{producerClient, ConfigMap{"error_cb": "x"}, `Property "error_cb" must be set through dedicated .._set_..() function`, ""},
	{producerClient, ConfigMap{"dr_msg_cb": ""}, `Property "dr_msg_cb" must be set through dedicated .._set_..() function`, ""},
	{producerClient, ConfigMap{"interceptors": "x"}, `Internal property "interceptors" not settable`, ""},
	{producerClient, ConfigMap{"ssl.truststore.location": ""}, "Java TrustStores are not supported, use `ssl.ca.location` and a certificate file instead. See https://github.com/confluentinc/l", ""},
	{producerClient, ConfigMap{"plugin.library.paths": ""}, "", ""},
	{producerClient, ConfigMap{"plugin.library.paths": "x"}, "plugin.library.paths: C libraries can't be loaded without cgo; leave it empty", "the peer looks for the library"},
	// Producers.
	{producerClient, ConfigMap{"linger.ms": 5000, "message.timeout.ms": 5000}, "`message.timeout.ms` must be greater than `linger.ms`", ""},
	{producerClient, ConfigMap{"linger.ms": 300000}, "", ""},
	{producerClient, ConfigMap{"linger.ms": 300000, "acks": -1}, "`message.timeout.ms` must be greater than `linger.ms`", ""},
	{producerClient, ConfigMap{"linger.ms": 5, "message.timeout.ms": 0}, "", ""},
	{producerClient, ConfigMap{"message.timeout.ms": 1}, "", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, "acks": 1}, "`acks` must be set to `all` when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, topicConfig: ConfigMap{"acks": 1}}, "`acks` must be set to `all` when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, "retries": 0}, "`retries` must be set >= 1 when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, "max.in.flight": 6}, "`max.in.flight` must be set <= 5 when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, "queuing.strategy": "lifo"}, "`queuing.strategy` must be set to `fifo` when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.idempotence": true, "queue.buffering.backpressure.threshold": 2}, "`queue.buffering.backpressure.threshold` must be set to 1 when `enable.idempotence` is true", ""},
	{producerClient, ConfigMap{"enable.gapless.guarantee": true}, "`enable.gapless.guarantee` requires `enable.idempotence` to be enabled", ""},
	{producerClient, ConfigMap{"transactional.id": "t", "enable.idempotence": false}, "`transactional.id` requires `enable.idempotence=true`", ""},
	{producerClient, ConfigMap{"transactional.id": "t", "message.timeout.ms": 60001}, "`message.timeout.ms` must be set <= `transaction.timeout.ms`", ""},
	{producerClient, ConfigMap{"transactional.id": "t", "message.timeout.ms": 0}, "", ""},
	{producerClient, ConfigMap{"transactional.id": "t", "transaction.timeout.ms": 1000, "socket.timeout.ms": 60000}, "`socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100", ""},
	{producerClient, ConfigMap{"transactional.id": "t", "linger.ms": 70000, "acks": "all"}, "`message.timeout.ms` must be greater than `linger.ms`", ""},
	{producerClient, ConfigMap{"transactional.id": ""}, "", ""},
	{producerClient, ConfigMap{"transactional.id": " "}, `Invalid value for configuration property "transactional.id": it is blank`, "the peer asks for a transactional id of no letters"},
	{producerClient, ConfigMap{"reconnect.backoff.ms": 10001}, "`reconnect.backoff.max.ms` must be >= `reconnect.backoff.ms`", ""},
	{producerClient, ConfigMap{"receive.message.max.bytes": 1000}, "", ""},
	{producerClient, ConfigMap{"group.id": "g", "session.timeout.ms": 1, "group.protocol": "consumer"}, "", ""},
	{producerClient, ConfigMap{"partition.assignment.strategy": "bogus"}, "Unsupported partition.assignment.strategy: bogus", ""},
	// Consumers.
	{consumerClient, ConfigMap{"group.id": nil}, "Required property group.id not set", ""},
	{consumerClient, ConfigMap{"group.id": ""}, "Required property group.id not set", "the peer makes a consumer that never closes"},
	{consumerClient, ConfigMap{"group.id": 7}, "", ""},
	{consumerClient, ConfigMap{"max.poll.interval.ms": 100}, "`max.poll.interval.ms`must be >= `session.timeout.ms`", ""},
	{consumerClient, ConfigMap{"heartbeat.interval.ms": 100000}, "", ""},
	{consumerClient, ConfigMap{"fetch.max.bytes": 100}, "`fetch.max.bytes` must be >= `message.max.bytes`", ""},
	{consumerClient, ConfigMap{"receive.message.max.bytes": 1000}, "`receive.message.max.bytes` must be >= `fetch.max.bytes` + 512", ""},
	{consumerClient, ConfigMap{"fetch.max.bytes": 2000000, "receive.message.max.bytes": 2000512}, "", ""},
	{consumerClient, ConfigMap{"group.protocol": "CONSUMER", "session.timeout.ms": 45000}, "`session.timeout.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined broker side", ""},
	{consumerClient, ConfigMap{"group.protocol": "consumer", "heartbeat.interval.ms": 1}, "`heartbeat.interval.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined broker side", ""},
	{consumerClient, ConfigMap{"group.protocol": "consumer", "heartbeat.interval.ms": 1, "partition.assignment.strategy": ""}, "`partition.assignment.strategy` is not supported for `group.protocol=consumer`. Use `group.remote.assignor` instead", ""},
	{consumerClient, ConfigMap{"group.protocol": "consumer", "group.protocol.type": "consumer"}, "`group.protocol.type` is not supported for `group.protocol=consumer` or share consumer", ""},
	{consumerClient, ConfigMap{"group.protocol": "consumer", "max.poll.interval.ms": 100}, "", ""},
	{consumerClient, ConfigMap{"group.protocol.type": "x"}, "Unsupported partition.assignment.strategy: range", ""},
	{consumerClient, ConfigMap{"partition.assignment.strategy": "range,cooperative-sticky"}, "All partition.assignment.strategy (range,cooperative-sticky) assignors must have the same protocol type, online migration between assignors with different protocol types is not supported", ""},
	{consumerClient, ConfigMap{"partition.assignment.strategy": "range, roundrobin,"}, "", ""},
	{consumerClient, ConfigMap{"partition.assignment.strategy": "range ,roundrobin"}, "Unsupported partition.assignment.strategy: range ", ""},
	{consumerClient, ConfigMap{"partition.assignment.strategy": "sticky"}, "Unsupported partition.assignment.strategy: sticky", ""},
	{consumerClient, ConfigMap{"partition.assignment.strategy": ","}, "Unsupported partition.assignment.strategy: ", ""},
	{consumerClient, ConfigMap{"transactional.id": "x", "enable.idempotence": false, "linger.ms": 10, "message.timeout.ms": 5, "enable.gapless.guarantee": true}, "", ""},
	// Security.
	{producerClient, ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN", "sasl.username": "u"}, "sasl.username and sasl.password must be set", ""},
	{producerClient, ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "SCRAM-SHA-256", "sasl.username": "u", "sasl.password": ""}, "sasl.username and sasl.password must be set", ""},
	{producerClient, ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "NTLM"}, "Unsupported SASL mechanism: NTLM", ""},
	{producerClient, ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "plain", "sasl.username": "u", "sasl.password": "p"}, "Unsupported SASL mechanism: plain", ""},
	{producerClient, ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "SCRAM-SHA-1", "sasl.username": "u", "sasl.password": "p"}, "Unsupported SASL mechanism: SCRAM-SHA-1", "no broker has it"},
	{producerClient, ConfigMap{"security.protocol": "sasl_ssl"}, "No provider for SASL mechanism GSSAPI: recompile librdkafka with libsasl2 or openssl support. Current build options: PLAIN SASL_SCRAM OAUTHBEARER", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "PLAIN"}, "", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "oauthbearer", "sasl.oauthbearer.method": "oidc"}, "`sasl.oauthbearer.token.endpoint.url` is mandatory when `sasl.oauthbearer.method=oidc` is set", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.token.endpoint.url": "http://x/"}, "`sasl.oauthbearer.client.id` is mandatory when `sasl.oauthbearer.method=oidc` is set", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "enable.sasl.oauthbearer.unsecure.jwt": true}, "`enable.sasl.oauthbearer.unsecure.jwt` and `sasl.oauthbearer.method=oidc` are mutually exclusive", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.metadata.authentication.type": "azure_imds"}, "`sasl.oauthbearer.token.endpoint.url` is mandatory for Azure IMDS authentication when `query` isn't set", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.token.endpoint.url": "x", "sasl.oauthbearer.grant.type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "`sasl.oauthbearer.assertion.private.key.file` or `sasl.oauthbearer.assertion.private.key.pem` is mandatory when `sasl.oauthbearer.grant.type` is set to `urn:ietf:params:oauth:grant-type:jwt-bearer`", ""},
	{producerClient, ConfigMap{"sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.token.endpoint.url": "x", "sasl.oauthbearer.grant.type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "sasl.oauthbearer.assertion.file": "f", "sasl.oauthbearer.assertion.claim.sub": "s"}, "Mutually exclusive properties set. `sasl.oauthbearer.assertion.file` and `sasl.oauthbearer.assertion.claim.sub` cannot both be set", ""},
	{producerClient, ConfigMap{"security.protocol": "sasl_ssl", "sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.token.endpoint.url": "http://x/", "sasl.oauthbearer.client.id": "i", "sasl.oauthbearer.client.secret": "s"}, "sasl.oauthbearer.method=oidc is not built in: set the token with SetOAuthBearerToken or oauth_cb", "not built yet"},
	{producerClient, ConfigMap{"ssl.keystore.location": "x"}, "`ssl.keystore.password` is mandatory when `ssl.keystore.location` is set", ""},
	{producerClient, ConfigMap{"https.ca.location": "no such file"}, "`https.ca.location` must be an existing file or directory", ""},
	{producerClient, ConfigMap{"https.ca.location": ".", "https.ca.pem": "x"}, "`https.ca.location` and `https.ca.pem` are mutually exclusive", ""},
	{producerClient, ConfigMap{"https.ca.location": "probe"}, "", ""},
	{producerClient, ConfigMap{"ssl.engine.location": "x", "ssl.sigalgs.list": "x"}, "", ""},
	{producerClient, ConfigMap{"security.protocol": "ssl", "ssl.engine.location": "x"}, "ssl.engine.location: an OpenSSL engine can't be loaded without cgo; leave it out", "the peer loads it"},
	{producerClient, ConfigMap{"security.protocol": "ssl", "ssl.crl.location": "x"}, "ssl.crl.location: revocation lists are not supported yet; leave it out", "not built yet"},
	{producerClient, ConfigMap{"security.protocol": "ssl", "ssl.sigalgs.list": "x"}, "ssl.sigalgs.list: Go's TLS can't restrict signature algorithms; leave it out", "the peer restricts them"},
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range verdicts {
		conf := maps.Clone(tt.conf)
		if _, set := conf["group.id"]; tt.kind == consumerClient && !set {
			conf["group.id"] = "g"
		}
		before := fmt.Sprint(conf)
		_, err := resolve(&conf, tt.kind)
		var e Error
		switch {
		case tt.err == "" && err != nil:
			t.Errorf("%v: error %q, want none", tt.conf, err)
		case tt.err != "" && (!errors.As(err, &e) || e.Code() != ErrInvalidArg || e.Error() != tt.err):
			t.Errorf("%v:\n  error %v\n  want  %s", tt.conf, err, tt.err)
		}
		if after := fmt.Sprint(conf); after != before {
			t.Errorf("resolve changed the application's map from %s to %s", before, after)
		}
	}
}
