package respapi

import (
	"strings"
	"testing"

	"picket/failover"
	"picket/monitor"
)

// Sentinel gives up its subscription when that is refused, and shows the instance as
// disconnected; a lack of permissions for PING alone does not do that to it.
func TestRefusedCredentialsShowAsDisconnected(t *testing.T) {
	for reason, want := range map[monitor.Reason]string{
		monitor.ReasonNoAuth: "master,disconnected", monitor.ReasonWrongPass: "master,disconnected",
		monitor.ReasonNoPerm: "master", monitor.ReasonMaxClients: "master",
	} {
		v := &failover.View{Master: failover.InstanceView{Connected: true, Verdict: monitor.Verdict{State: monitor.StateBlind, Reason: reason}}}
		if got := strings.Join(masterFlags(v), ","); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
		if got := strings.Join(replicaFlags(&v.Master), ","); got != strings.Replace(want, "master", "slave", 1) {
			t.Errorf("%s: %s", reason, got)
		}
	}
}
