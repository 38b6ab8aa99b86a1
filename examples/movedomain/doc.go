// Command movedomain moves a domain from Aliyun to Route 53.
package main

func main() {}
