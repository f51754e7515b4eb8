// Package kafka is github.com/purego-kafka/kafka under the import path of confluent-kafka-go, for programs whose
// dependencies import that one: a replace line in the program's go.mod puts it in place of the original, for its whole
// dependency tree, and no source changes.
//
//	replace github.com/confluentinc/confluent-kafka-go/v2 => github.com/purego-kafka/kafka/compat v0.1.0
//
// Types are aliases: what one package makes the other takes.
package kafka
