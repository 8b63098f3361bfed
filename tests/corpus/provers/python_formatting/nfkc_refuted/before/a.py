x.run()
