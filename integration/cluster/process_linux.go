package cluster

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel end the node when the tests die without ending it themselves, and keeps Ctrl-C from
// reaching it first.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
