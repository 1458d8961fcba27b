// A vCenter of the vendor's own simulator (govmomi's, as Debian packages it), with a template in it.
// It serves until it is killed, and prints its address first. The user and the password come from the environment.
package main

import (
	"fmt"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func main() {
	model := simulator.VPX()
	model.Machine = 2
	model.Autostart = false
	if err := model.Create(); err != nil {
		panic(err)
	}
	for _, each := range simulator.Map.All("VirtualMachine") {
		vm := each.(*simulator.VirtualMachine)
		if vm.Name == "DC0_H0_VM0" {
			vm.Name, vm.Config.Name, vm.Summary.Config.Name = "debian-13", "debian-13", "debian-13"
			vm.MarkAsTemplate(&types.MarkAsTemplate{This: vm.Self})
		}
	}
	user := url.UserPassword(os.Getenv("LAB_USER"), os.Getenv("LAB_PASSWORD"))
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: user}
	fmt.Println(model.Service.NewServer().URL.Host)
	select {}
}
