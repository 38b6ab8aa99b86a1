package main
import _ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"
func main(){}
