print('registered')
