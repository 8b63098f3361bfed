x = pickle.loads(a)
