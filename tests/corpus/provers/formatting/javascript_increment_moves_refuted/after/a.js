a ++
b
