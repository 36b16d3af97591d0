module github.com/portolan-net/portolan

go 1.26
