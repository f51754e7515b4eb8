// Package parity compares this project's kafka package with the peer itself, confluent-kafka-go v2.15.0 on librdkafka.
// It needs cgo and a C compiler and is a module of its own, so that nobody who uses the kafka package does.
//
//   - errors_test.go, constants_test.go: codes, texts, values and names.
//   - partitioner_test.go: the partitioners, by librdkafka's own functions and by what both producers do.
//   - config_test.go: which configurations each side takes and with which error it refuses the others.
//   - scenarios/ and scenarios_test.go: programs that run on both sides against a real broker.
//
// Where the two sides differ on purpose, DIVERGENCES.md at the root of the project says so; a difference that it does
// not list fails these tests, and so does an entry there that no longer is one.
package parity
