package kafka

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// LogEvent is one line of a client's log.
type LogEvent struct {
	Name      string // of the client, as its String method returns it
	Tag       string // what the line is about, such as FAIL or CONFWARN
	Message   string
	Level     int // syslog's: 0 emergency to 7 debug
	Timestamp time.Time
}

// String returns "[time][name][tag][level]message".
func (e LogEvent) String() string {
	return fmt.Sprintf("[%s][%s][%s][%d]%s", e.Timestamp.Format(time.RFC3339), e.Name, e.Tag, e.Level, e.Message)
}

// Syslog levels, as librdkafka uses them.
const (
	logEmerg = iota
	logAlert
	logCrit
	logErr
	logWarning
	logNotice
	logInfo
	logDebug
)

// logsChanSize is the capacity of a Logs channel that the client makes itself.
const logsChanSize = 10000

// logger writes a client's log lines to where its configuration says: a channel, a slog.Logger or stderr. A full
// channel drops lines rather than stall the client.
type logger struct {
	name  string
	level int
	debug debugContexts
	slog  leveledLogger
	own   bool // the channel is the client's, so close ends it
	quiet bool // log.queue without a channel: the lines go nowhere

	mu sync.Mutex // guards ch against a send after close
	ch chan LogEvent
	// logs is what Logs returns: ch, also after close.
	logs chan LogEvent
}

// leveledLogger is what is used of a *slog.Logger: package log/slog itself, with the handlers that nobody may use, would
// make every program larger.
type leveledLogger interface {
	Debug(msg string, args ...any)
	Info(msg string, args ...any)
	Warn(msg string, args ...any)
	Error(msg string, args ...any)
}

func newLogger(name string, conf *settings) (*logger, error) {
	l := &logger{name: name, level: conf.num("log_level")}
	if conf.str("debug") != "" {
		l.level, l.debug = logDebug, parseDebug(conf.str("debug"))
	}
	l.slog, _ = conf.value("logger").(leveledLogger)
	if conf.flag("go.logs.channel.enable") {
		if ch, ok := conf.value("go.logs.channel").(chan LogEvent); ok && ch != nil {
			l.ch = ch
		} else {
			l.ch, l.own = make(chan LogEvent, logsChanSize), true
		}
		l.logs = l.ch
	} else if conf.flag("log.queue") {
		l.quiet = true
	}
	return l, nil
}

// printf writes a line if its level is wanted.
func (l *logger) printf(level int, tag, format string, a ...any) {
	l.threadf("app", level, tag, format, a...)
}

// threadf writes a line of what is a thread of its own in the peer, such as a broker.
func (l *logger) threadf(thread string, level int, tag, format string, a ...any) {
	if level > l.level {
		return
	}
	e := LogEvent{Name: l.name, Tag: tag, Message: "[thrd:" + thread + "]: " + fmt.Sprintf(format, a...), Level: level, Timestamp: time.Now()}
	switch {
	case l.logs != nil:
		l.mu.Lock()
		if l.ch != nil {
			select {
			case l.ch <- e:
			default:
			}
		}
		l.mu.Unlock()
	case l.slog != nil:
		l.leveled(level)(fmt.Sprintf(format, a...), "client", l.name, "tag", tag)
	case !l.quiet:
		fmt.Fprintf(os.Stderr, "%%%d|%d.%03d|%s|%s| %s\n", level, e.Timestamp.Unix(), e.Timestamp.Nanosecond()/1e6, tag, l.name, e.Message)
	}
}

// leveled is the method of the slog.Logger for lines of a syslog level.
func (l *logger) leveled(level int) func(msg string, args ...any) {
	switch {
	case level <= logErr:
		return l.slog.Error
	case level == logWarning:
		return l.slog.Warn
	case level <= logInfo:
		return l.slog.Info
	}
	return l.slog.Debug
}

// close ends the channel, unless it is the application's.
func (l *logger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own && l.ch != nil {
		close(l.ch)
	}
	l.ch = nil
}
